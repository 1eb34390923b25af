import type { IpcNamespace } from '../contract/index.ts'
import { readImageBytes } from '../image/index.ts'
import {
  type CallAnswers,
  type CallParameters,
  type ImageFile,
  type ImageSeen,
  NamespaceView,
  type PageSource,
  type Seen,
} from '../view/index.ts'

/** How often the namespace is looked at, as `msgq inspect` does. */
const SAMPLE_MS = 1000
/** A browser begins a download soon after it is told; after this it has begun. */
const URL_KEPT_MS = 60_000

/** The namespace of this browser, for the page. */
export class LocalSource implements PageSource {
  readonly #view: NamespaceView

  constructor(namespace: IpcNamespace) {
    this.#view = new NamespaceView(namespace, { user: 'you' })
  }

  call<Name extends keyof CallParameters>(name: Name, parameters: CallParameters[Name]): Promise<CallAnswers[Name]> {
    return this.#view.answer(name, parameters)
  }

  async upload(files: readonly ImageFile[]): Promise<ImageSeen> {
    this.#view.assertRoomForImage(files.reduce((sum, { size }) => sum + size, 0))
    const read = files.map(async (file) => [file.name, new Uint8Array(await file.arrayBuffer())] as const)
    const bytes = new Map(await Promise.all(read))
    // A page that a server of the network gave without https has no Web Crypto, which seals are checked by.
    if (bytes.size > 1 && globalThis.crypto.subtle === undefined) {
      throw new Error("an image's directory is read in a page from the disk, from this machine or by https")
    }
    return this.#view.addImage([...bytes.keys()].join(', '), await readImageBytes(bytes))
  }

  async saveCheckpoint(): Promise<void> {
    const { name, chunks } = await this.#view.checkpointFile()
    const url = URL.createObjectURL(new Blob([...chunks], { type: 'application/x-ndjson' }))
    Object.assign(document.createElement('a'), { href: url, download: name }).click()
    setTimeout(() => URL.revokeObjectURL(url), URL_KEPT_MS)
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
