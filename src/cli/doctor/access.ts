import { accessSync, closeSync, constants, openSync } from 'node:fs'

/** Why a file cannot be opened for writing, as an errno; `undefined` when it can. Nothing is written. */
export function writeRefusal(file: string): string | undefined {
  return refusal(() => closeSync(openSync(file, 'r+')))
}

/** Why nothing can be made in a directory, as an errno; `undefined` when it can. Nothing is made. */
export function makeRefusal(directory: string): string | undefined {
  return refusal(() => accessSync(directory, constants.W_OK | constants.X_OK))
}

function refusal(attempt: () => void): string | undefined {
  try {
    attempt()
    return undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code)
    throw error
  }
}
