import { setTimeout } from 'node:timers/promises'
import { BackendError } from '../../contract/index.ts'
import { Engine, type NamespaceOptions, saveState } from '../../engine/index.ts'
import { encodeState } from '../../wire/index.ts'
import type { Follower } from './follower.ts'
import type { Imaging } from './imaging.ts'
import type { NodeOptions } from './node-options.ts'
import { GIVE_UP_MS } from './proposer.ts'
import { BEGIN, encodeRecord } from './record.ts'
import type { Replica } from './replica.ts'
import type { ReplicatedLog } from './replicated-log.ts'

/** A log that is so short is read from its beginning. */
const RECORDS_WITHOUT_IMAGE = 512
const RETRY_MS = 50

/** Brings a replica to where the log is, or begins the log. @throws {BackendError} `ERR_MSGQ_UNAVAILABLE` it does not answer. */
export async function beginLog(
  log: ReplicatedLog,
  replica: Replica,
  imaging: Imaging,
  follower: Follower,
  options: NamespaceOptions & NodeOptions & { readonly session: number },
): Promise<void> {
  const since = performance.now()
  const { session, checkEvery = 0, giveUpMs = GIVE_UP_MS } = options
  for (;;) {
    try {
      const start = await log.read(replica.sequence + 1)
      if (start.length >= RECORDS_WITHOUT_IMAGE) await imaging.load()
      await follower.readAll()
      if (replica.engine !== undefined) return
      const body = Buffer.concat([...encodeState(saveState(new Engine(options)))])
      const begin = encodeRecord({ kind: BEGIN, goesOn: false, session, number: checkEvery, body })
      await log.append(begin, 'begin')
    } catch (error) {
      if (error instanceof BackendError) throw error
      if (performance.now() - since > giveUpMs) {
        throw new BackendError('ERR_MSGQ_UNAVAILABLE', 'the log of this namespace does not answer', { cause: error })
      }
      await setTimeout(RETRY_MS)
    }
  }
}
