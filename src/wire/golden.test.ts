import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CLIENT_FRAMES, COMPLETIONS, ENTRIES, SERVER_FRAMES, STATES } from '../../test/golden/wire-samples.ts'
import { frameBytes } from '../../test/wire/codecs.ts'
import type { StatePart } from '../engine/index.ts'
import {
  decodeClientFrame,
  decodeCompletion,
  decodeEntry,
  decodeServerFrame,
  decodeState,
  encodeCompletion,
  encodeEntry,
  encodeState,
} from './index.ts'

const GOLDEN = new URL('../../../test/golden/wire-1/samples.txt', import.meta.url)

/** The lines of one list: the bytes of its values, in order. */
function goldenBytes(list: string): Uint8Array[] {
  const lines = readFileSync(GOLDEN, 'utf8').trimEnd().split('\n')
  return lines
    .map((line) => line.split(' '))
    .filter(([name]) => name === list)
    .map(([, , hex]) => Uint8Array.from(Buffer.from(hex ?? '', 'hex')))
}

function golden<T>(
  list: string,
  samples: readonly T[],
  encode: (sample: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): void {
  test(`${decode.name} reads what version 1 wrote, and ${encode.name} writes it still: ${list}`, () => {
    const bytes = goldenBytes(list)
    assert.equal(bytes.length, samples.length)
    for (const [index, sample] of samples.entries()) {
      assert.deepEqual(decode(bytes[index] ?? new Uint8Array()), sample, `${list} ${index}`)
      const hex = Buffer.from(encode(sample)).toString('hex')
      assert.equal(hex, Buffer.from(bytes[index] ?? []).toString('hex'), `${list} ${index}: ${hex}`)
    }
  })
}

function stateBytes(parts: readonly StatePart[]): Uint8Array {
  return Buffer.concat([...encodeState(parts)])
}

function stateParts(bytes: Uint8Array): readonly StatePart[] {
  return [...decodeState([bytes])]
}

golden('entry', ENTRIES, encodeEntry, decodeEntry)
golden('completion', COMPLETIONS, encodeCompletion, decodeCompletion)
golden('client-frame', CLIENT_FRAMES, frameBytes, decodeClientFrame)
golden('server-frame', SERVER_FRAMES, frameBytes, decodeServerFrame)
golden('state', STATES, stateBytes, stateParts)
