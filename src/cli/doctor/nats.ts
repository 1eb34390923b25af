import { natsModules } from '../../backends/jetstream/index.ts'
import { BackendError } from '../../contract/index.ts'
import { type Finding, limited, ok } from './finding.ts'

/** Whether `nats:` namespaces can be reached from here; what is behind such a URL, `doctor URL` looks at. */
export function natsFinding(): Finding {
  const name = 'NATS'
  try {
    natsModules()
    return ok(name, "its client is installed: `msgq doctor nats://HOST/NAME` looks at a namespace's servers")
  } catch (error) {
    if (!(error instanceof BackendError)) throw error
    const [, install = ''] = /(`npm install .*`)/.exec(error.message) ?? []
    return limited(
      name,
      "NATS's client is not installed",
      `\`nats:\` namespaces are out of reach. ${install} brings it.`,
    )
  }
}
