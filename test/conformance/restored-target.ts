import { strict as assert } from 'node:assert'
import { embeddedTarget, OpenedEmbedded, openRootNamespace } from '../../src/cli/conformance/embedded-target.ts'
import type { Target } from '../../src/conformance/index.ts'
import type { IpcNamespace } from '../../src/contract/index.ts'
import { decodeImage, encodeImage } from '../../src/image/index.ts'

/** How often a namespace was moved into another one, by way of an image's bytes. */
export const midways = { count: 0 }

/** Embedded namespaces that are restored, mid-way, into fresh ones from an image of themselves. */
export const restoredTarget: Target = embeddedTarget('memory: restored', (options) => {
  const move = (namespace: IpcNamespace) => moveByImage(namespace, openRootNamespace(options))
  return new OpenedEmbedded(openRootNamespace(options), { move })
})

async function moveByImage(namespace: IpcNamespace, restored: IpcNamespace): Promise<IpcNamespace> {
  const files = await encodeImage(await namespace.checkpoint())
  const { checkpoint, missing } = await decodeImage(files)
  assert.deepEqual(missing, [])
  const { notRestored } = await restored.restore(checkpoint)
  assert.deepEqual(notRestored, [])
  await namespace.close()
  midways.count++
  return restored
}
