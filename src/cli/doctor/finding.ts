/** What the doctor found out about one thing. */
export interface Finding {
  readonly name: string
  /** `limited`: something of msgq does not work, or not for this user. `missing`: `linux:` does not work at all. */
  readonly status: 'ok' | 'limited' | 'missing'
  readonly found: string
  /** What that means, and what to do; where there is something to do. */
  readonly advice?: string
}

export function ok(name: string, found: string): Finding {
  return { name, status: 'ok', found }
}

export function limited(name: string, found: string, advice: string): Finding {
  return { name, status: 'limited', found, advice }
}

export function missing(name: string, found: string, advice: string): Finding {
  return { name, status: 'missing', found, advice }
}
