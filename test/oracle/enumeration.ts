import { ALPHABET, type Letter } from './alphabet.ts'
import { disagreementText } from './compare.ts'
import { type LateCase, NewQueues } from './new-queues.ts'

/** What an enumeration has shown. */
export interface Enumeration {
  readonly sequences: number
  /** The first sequence on which engine and kernel disagree, as text. */
  readonly report?: string
}

/** Makes every sequence of `length` letters, each on two new queues, and compares each result and what is left at the end. */
export function enumerate(length: number, alphabet: readonly Letter[] = ALPHABET): Enumeration {
  const pair = new NewQueues()
  const total = alphabet.length ** length
  for (let number = 0; number < total; number++) {
    const letters = lettersOf(number, length, alphabet)
    const disagreement = pair.run(letters)
    if (disagreement === undefined) continue
    const names = letters.map(({ name }) => name).join(', ')
    return {
      sequences: number + 1,
      report: `engine and kernel disagree: ${names}\n  => ${disagreementText(disagreement)}`,
    }
  }
  return { sequences: total }
}

/** The number's digits in the base of the alphabet. */
function lettersOf(number: number, length: number, alphabet: readonly Letter[]): Letter[] {
  const letters: Letter[] = []
  for (let rest = number; letters.length < length; rest = Math.floor(rest / alphabet.length)) {
    letters.push(alphabet[rest % alphabet.length] as Letter)
  }
  return letters
}

/**
 * Makes each letter a second after each of some beginnings: a full queue, one that was received from, a new one.
 *
 * @returns Where engine and kernel leave other times, as text.
 */
export function enumerateLate(): string | undefined {
  const [one, two, , receive] = ALPHABET
  if (one === undefined || two === undefined || receive === undefined) throw new RangeError('the alphabet is too short')
  const beginnings = [[], [one], [one, two, two], [one, two, receive]]
  const letters = ALPHABET.filter(({ queue }) => queue === 0)
  const cases: LateCase[] = beginnings.flatMap((before) => letters.map((then) => ({ before, then })))
  const disagreement = new NewQueues().runLate(cases)
  if (disagreement === undefined) return undefined
  const { before, then } = disagreement.late
  const names = [...before.map(({ name }) => name), 'a second later', then.name].join(', ')
  return `engine and kernel disagree: ${names}\n  => ${disagreementText(disagreement)}`
}
