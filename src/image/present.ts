/** A copy without the properties that are `undefined`. */
export function present<T extends object>(value: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const kept: { [Name in keyof T]?: Exclude<T[Name], undefined> } = {}
  for (const [name, one] of Object.entries(value)) if (one !== undefined) Object.assign(kept, { [name]: one })
  return kept
}
