import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where a user's own daemon is. Source: XDG Base Directory Specification. */
export interface Places {
  readonly socket: string
  readonly state: string
}

/** The places of this user; a machine without a runtime directory has the socket beside the journal. */
export function ownPlaces({ XDG_RUNTIME_DIR, XDG_STATE_HOME }: NodeJS.ProcessEnv): Places {
  const state = join(absolute(XDG_STATE_HOME) ?? join(homedir(), '.local', 'state'), 'msgq')
  return { socket: join(absolute(XDG_RUNTIME_DIR) ?? state, 'msgq.sock'), state }
}

/** The specification has relative paths ignored. */
function absolute(directory: string | undefined): string | undefined {
  return directory?.startsWith('/') ? directory : undefined
}
