import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { IPC_STAT } from '../../src/abi/index.ts'
import { openNamespace } from '../../src/open/index.ts'
import { MSGQ, msgq, runProgram } from '../cli/child.ts'
import { ServeProcess } from './serve-process.ts'

/** A user and a group that have nothing to do with the tests. */
const [STRANGER, STRANGERS_GROUP] = [12_345, 23_456]

/** What Node does where koffi is not installed. */
const HIDING = `import Module from 'node:module'
const resolve = Module._resolveFilename
Module._resolveFilename = function (name, ...rest) {
  if (name === 'koffi') throw new Error('it is not installed')
  return resolve.call(this, name, ...rest)
}`
const WITHOUT_KOFFI = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(HIDING)}` }

test('msgq serve --group gives its socket to a group, and --mode lets it in', async () => {
  await using serve = await ServeProcess.start(['--mode', '660', '--group', String(STRANGERS_GROUP)])
  const { mode, gid } = statSync(serve.socket)
  deepEqual([mode & 0o777, gid], [0o660, STRANGERS_GROUP])
  const listing = (group: number) => {
    const who = [`--reuid=${STRANGER}`, `--regid=${group}`, '--clear-groups']
    return runProgram('setpriv', [...who, process.execPath, MSGQ, '--namespace', serve.url, 'ls']).status
  }
  deepEqual([listing(STRANGERS_GROUP), listing(STRANGERS_GROUP + 1)], [0, 3])
})

test('msgq serve without koffi is for one user, whose processes it does not tell apart', async () => {
  const refused = msgq(['serve', '--mode', '660', '--socket', '/nowhere/socket'], { environment: WITHOUT_KOFFI })
  equal(refused.status, 3)
  match(refused.stderr, /other users are told apart through koffi.*use mode 0600/)

  const directory = mkdtempSync(join(tmpdir(), 'msgq-places-'))
  chmodSync(directory, 0o700)
  chownSync(directory, STRANGER, STRANGERS_GROUP)
  const socket = join(directory, 'socket')
  const words = [MSGQ, 'serve', '--socket', socket, '--state', join(directory, 'state')]
  const who = [`--reuid=${STRANGER}`, `--regid=${STRANGERS_GROUP}`, '--clear-groups', process.execPath]
  const daemon = spawn('setpriv', [...who, ...words], { env: { ...process.env, ...WITHOUT_KOFFI } })
  try {
    for await (const line of createInterface({ input: daemon.stdout })) if (line.includes('"ready"')) break
    equal(statSync(socket).mode & 0o777, 0o600)
    const namespace = await openNamespace(`unix:${socket}`)
    const msqid = await namespace.msgget(0, 0o600)
    await namespace.msgsnd(msqid, { mtype: 1, mtext: new Uint8Array(1) }, 0)
    const { perm, lspid } = await namespace.msgctl(msqid, IPC_STAT)
    deepEqual([perm.uid, perm.gid, lspid], [STRANGER, STRANGERS_GROUP, 0])
    // Nothing holds the process that it would speak for.
    const other = namespace.as?.({ uid: STRANGER, pid: daemon.pid ?? 0 })
    await rejects(async () => other?.msgctl(msqid, IPC_STAT), { code: 'EPERM' })
    equal((await namespace.msgctl(msqid, IPC_STAT)).qnum, 1)
    await namespace.close()
  } finally {
    const ended = once(daemon, 'exit')
    daemon.kill()
    await ended
    rmSync(directory, { recursive: true })
  }
})

test('msgq serve does not start on damage before the tail, says what is lost, and goes on with --accept-loss', async () => {
  await using serve = await ServeProcess.start()
  const on = (...words: string[]) => msgq(['--namespace', serve.url, ...words])
  equal(on('create', '--key', '0x7').status, 0)
  for (const word of ['first', 'second', 'third']) equal(on('send', '0x7', word).status, 0)
  await serve.stop('SIGKILL')
  const [segment = ''] = readdirSync(serve.state).filter((name) => name.startsWith('segment-'))
  const file = join(serve.state, segment)
  const bytes = readFileSync(file)
  const at = bytes.indexOf('second')
  equal(at > 0, true)
  writeFileSync(file, bytes.fill('X', at, at + 1))

  const { status, stderr } = msgq(['serve', '--socket', serve.socket, '--state', serve.state])
  equal(status, 3)
  match(stderr, /ERR_MSGQ_JOURNAL_DAMAGED.*record/s)
  match(stderr, /hint: `msgq serve --accept-loss` starts without what is lost, and keeps it in files/)
  deepEqual(readFileSync(file), bytes)

  await serve.start(['--accept-loss'])
  equal(on('copy', '0x7', '--raw').stdout, 'first')
  equal(readdirSync(serve.state).filter((name) => name.startsWith('lost-')).length > 0, true)
})
