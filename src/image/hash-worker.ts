import crypto from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { CHUNK_BYTES } from './byte-writer.ts'
import type { HashCommand, HashReport } from './hash-thread.ts'

/** A thread that hashes one file: chunks that lie in memory of both threads, in the order in which it is told of them. */

const memory = workerData as SharedArrayBuffer
const hash = crypto.createHash('sha256')

function report(what: HashReport): void {
  parentPort?.postMessage(what)
}

parentPort?.on('message', (command: HashCommand) => {
  if (command === 'digest') {
    report({ sha256: hash.digest('hex') })
    return
  }
  hash.update(new Uint8Array(memory, command.slot * CHUNK_BYTES, command.sizeBytes))
  report('hashed')
})
