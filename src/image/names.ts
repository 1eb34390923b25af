/** The names of an image's files. N is the namespace's number. */
export interface ImageNames {
  readonly msg: string
  readonly var: string
  /** Our own. */
  readonly msgq: string
}

/** CRIU numbers namespaces with an unsigned int. */
const NAMESPACE_NUMBER = /^(?:ipcns-(?:msg|var)-([0-9]{1,10})\.img|msgq-([0-9]{1,10})\.ndjson)$/

/** The number that msgq gives to a namespace. */
export const NAMESPACE_NUMBER_DEFAULT = 1

export function imageNames(namespaceNumber: number): ImageNames {
  if (!Number.isSafeInteger(namespaceNumber) || namespaceNumber < 0 || namespaceNumber > 0xffff_ffff) {
    throw new RangeError(`a namespace's number must be a whole number from 0 to 2^32-1, not ${namespaceNumber}`)
  }
  return {
    msg: `ipcns-msg-${namespaceNumber}.img`,
    var: `ipcns-var-${namespaceNumber}.img`,
    msgq: `msgq-${namespaceNumber}.ndjson`,
  }
}

/** The numbers of the namespaces that have files among these, in rising order. */
export function namespaceNumbers(files: Iterable<string>): number[] {
  const numbers = new Set<number>()
  for (const file of files) {
    const match = NAMESPACE_NUMBER.exec(file)
    if (match !== null) numbers.add(Number(match[1] ?? match[2]))
  }
  return [...numbers].sort((a, b) => a - b)
}
