import { readFileSync } from 'node:fs'

/** Names of user and group ids, as this machine's own files have them; ids stay ids where there is no name. */
export class Users {
  readonly #users = namesIn('/etc/passwd')
  readonly #groups = namesIn('/etc/group')

  user(uid: number): string {
    return this.#users.get(uid) ?? String(uid)
  }

  group(gid: number): string {
    return this.#groups.get(gid) ?? String(gid)
  }
}

/** passwd(5) and group(5): `name:password:id:…`. */
function namesIn(file: string): ReadonlyMap<number, string> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    // No such file on Windows, and none that we must read: ids do as well.
    if (error instanceof Error && 'code' in error) return new Map()
    throw error
  }
  const names = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':')
    if (name && id && !names.has(Number(id))) names.set(Number(id), name)
  }
  return names
}
