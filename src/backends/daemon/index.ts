/** A namespace behind a socket: its server, its client, and the journal that makes it last. */
export { openDaemonNamespace } from './client/open.ts'
export { type Daemon, type DaemonOptions, lendNamespace, type PlaceOptions, startDaemon } from './daemon.ts'
export { type Durability, JournalError, type JournalNotice, type ReadSoFar, type Retain } from './journal/index.ts'
