import { deepEqual, equal, throws } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ALL_CAPABILITIES } from '../../../abi/index.ts'
import { callerOf, userOfProcess } from './peer.ts'

const CONNECTS = 'const [, path] = process.argv; require("node:net").connect(path)'

/** A program that connects, as `setpriv` makes it be, and the server's end of its connection. */
async function connected(use: (socket: net.Socket, pid: number) => void, ...setpriv: string[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'msgq-peer-'))
  await chmod(directory, 0o755)
  const path = join(directory, 'socket')
  const server = net.createServer().listen(path)
  await once(server, 'listening')
  await chmod(path, 0o666)
  const program = spawn('setpriv', [...setpriv, process.execPath, '-e', CONNECTS, path])
  try {
    const [socket] = (await once(server, 'connection')) as [net.Socket]
    use(socket, program.pid ?? 0)
    socket.destroy()
    throws(() => callerOf(socket), /closed/)
  } finally {
    server.close()
    if (program.exitCode === null) {
      program.kill()
      await once(program, 'exit')
    }
    await rm(directory, { recursive: true })
  }
}

test('callerOf tells pid, user and groups of a program of another user, who has no capabilities', async () => {
  await connected(
    (socket, pid) => {
      deepEqual(callerOf(socket), { pid, tid: pid, uid: 12_345, gid: 23_456, groups: [7, 34_567], capabilities: [] })
      equal(userOfProcess(pid), 12_345)
    },
    '--reuid=12345',
    '--regid=23456',
    '--groups=7,34567',
  )
})

test('callerOf gives user 0 every capability, and no groups where it has none', async () => {
  await connected((socket, pid) => {
    deepEqual(callerOf(socket), { pid, tid: pid, uid: 0, gid: 0, groups: [], capabilities: ALL_CAPABILITIES })
  }, '--clear-groups')
})

test('userOfProcess tells the effective user, and nothing of a process that is gone', async () => {
  equal(userOfProcess(process.pid), process.geteuid?.())
  const gone = spawn('true')
  await once(gone, 'exit')
  equal(userOfProcess(gone.pid ?? 0), undefined)
})
