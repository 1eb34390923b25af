import type { IpcNamespace } from '../contract/index.ts'
import { type CallAnswers, type CallParameters, NamespaceView, type PageSource, type Seen } from '../view/index.ts'

/** How often the namespace is looked at, as `msgq inspect` does. */
const SAMPLE_MS = 1000

/** The namespace of this browser, for the page. */
export class LocalSource implements PageSource {
  readonly #view: NamespaceView

  constructor(namespace: IpcNamespace) {
    this.#view = new NamespaceView(namespace, { user: 'you' })
  }

  call<Name extends keyof CallParameters>(name: Name, parameters: CallParameters[Name]): Promise<CallAnswers[Name]> {
    return this.#view.answer(name, parameters)
  }

  subscribe(onSeen: (seen: Seen) => void, onLost: (why: string | undefined) => void): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isOver = false
    const look = async () => {
      try {
        onSeen(await this.#view.sample())
      } catch (error) {
        onLost(error instanceof Error ? error.message : String(error))
      }
      if (!isOver) timer = setTimeout(() => void look(), SAMPLE_MS)
    }
    void look()
    return () => {
      isOver = true
      clearTimeout(timer)
    }
  }
}
