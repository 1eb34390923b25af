import { deepEqual, equal } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { MSGQ } from '../cli/child.ts'
import { Machine, whyNoMachine } from './nspawn.ts'
import { SCRIPT, UNITS } from './units.ts'

const { CI } = process.env
const why = whyNoMachine()
// A program can be installed; a machine that cannot be nested cannot be helped.
if (CI !== undefined && why?.startsWith('there is no')) throw new Error(why)

/**
 * A program that uses a queue. It writes what it finds when it starts, sends, and the second time takes the oldest
 * message; when it is stopped, it sends once more.
 */
const SHOP = `#!/bin/sh
set -eu
export MSGQ_NAMESPACE=linux:
case $1 in
start)
  msgq ls --json >>/var/lib/shop/found
  msgq stat 0x5348 || msgq create --key 0x5348 --mode 640
  msgq send 0x5348 opened
  if [ -e /var/lib/shop/again ]; then msgq receive 0x5348 --nowait --json >/var/lib/shop/taken; fi
  touch /var/lib/shop/again ;;
stop) msgq send 0x5348 'last words' ;;
esac
`
const SHOP_SERVICE = `
[Service]
Type=oneshot
RemainAfterExit=yes
StateDirectory=shop
ExecStart=/usr/local/sbin/shop start
ExecStop=/usr/local/sbin/shop stop
`
/** A real machine's /proc/sys is writable; systemd-nspawn's is not. */
const WRITABLE = `
[Service]
ExecStartPre=/bin/mount -o remount,bind,rw /proc/sys
`
const POWEROFF_SERVICE = `
[Unit]
After=shop.service
[Service]
Type=oneshot
ExecStart=/bin/systemctl --no-block poweroff
`
const ETC = '/etc/systemd/system'

describe('a machine with the units of examples/systemd', { skip: why ?? false }, () => {
  let machine: Machine

  before(async () => {
    machine = await Machine.make()
    for (const name of readdirSync(UNITS)) {
      const text = readFileSync(join(UNITS, name), 'utf8')
      if (name === 'msgq-queues') machine.write(SCRIPT, text, 0o755)
      else if (name === 'queues.conf') machine.write(`${ETC}/shop.service.d/queues.conf`, text)
      else machine.write(`${ETC}/${name}`, text)
    }
    machine.write(`${ETC}/msgq-queues.service.d/writable.conf`, WRITABLE)
    machine.write('/usr/local/sbin/shop', SHOP, 0o755)
    machine.write(`${ETC}/shop.service`, SHOP_SERVICE)
    machine.write(`${ETC}/off.service`, POWEROFF_SERVICE)
    machine.write(`${ETC}/once.target`, '[Unit]\nWants=shop.service off.service\n')
  })
  after(() => machine[Symbol.asyncDispose]())

  const shop = (file: string) => machine.read(`cat var/lib/shop/${file}`).trimEnd().split('\n')
  const images = () => machine.read('ls var/lib/msgq').trimEnd().split('\n')
  /** The payloads of an image, in order. */
  const payloads = (image: string) => {
    const show = `'${process.execPath}' '${MSGQ}' image show var/lib/msgq/${image} --json`
    const lines = machine.read(show).trimEnd().split('\n')
    return lines.flatMap((line) => JSON.parse(line).payload ?? [])
  }

  test('starts without an image, and saves the queues after the programs were stopped', async () => {
    await machine.runUntilOff('once.target')
    deepEqual(shop('found'), ['[]'])
    deepEqual(images(), ['saved'])
    deepEqual(payloads('saved'), ['opened', 'last words'])
  })

  test('restores the queues before the programs start', async () => {
    // It takes the first message, and then the power fails.
    await machine.runUntilFile('shop.service', '/var/lib/shop/taken')
    const [queue, ...others] = JSON.parse(shop('found')[1] ?? '')
    deepEqual(others, [])
    const { msqid, key, mode, qnum } = queue
    deepEqual({ msqid, key, mode, qnum }, { msqid: 0, key: 0x5348, mode: 0o640, qnum: 2 })
    deepEqual(images(), ['restored'])
  })

  test('restores nothing after the power was cut: messages taken since then would come again', async () => {
    await machine.runUntilOff('once.target')
    equal(shop('found')[2], '[]')
    deepEqual(payloads('restored'), ['opened', 'last words'])
    deepEqual(payloads('saved'), ['last words'])
  })

  test('starts no program when the queues cannot be restored, and keeps their image', async () => {
    machine.write(`${ETC}/msgq-queues.service.d/writable.conf`, '')
    await machine.runUntilOff('once.target')
    equal(shop('found').length, 3)
    deepEqual(images(), ['restored', 'saved'])
    deepEqual(payloads('saved'), ['last words'])
  })
})
