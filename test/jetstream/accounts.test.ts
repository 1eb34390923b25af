import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { IPC_CREAT } from '../../src/abi/index.ts'
import { readNatsUrl } from '../../src/backends/jetstream/nats-url.ts'
import { newOperator } from './nats-accounts.ts'
import { NatsCluster } from './nats-cluster.ts'
import { openReplica, receive, send } from './replicas.ts'

const folder = mkdtempSync(join(tmpdir(), 'msgq-accounts-'))
after(() => rmSync(folder, { recursive: true, force: true }))

async function works(url: string): Promise<void> {
  await using replica = await openReplica(url)
  const { namespace } = replica
  const queue = await namespace.msgget(7, IPC_CREAT | 0o600)
  await send(namespace, queue, 'hello')
  assert.equal(await receive(namespace, queue), 'hello')
  assert.doesNotMatch(namespace.url, /secret/)
}

async function refused(url: string): Promise<void> {
  await assert.rejects(openReplica(url), (error: Error & { code: string }) => {
    assert.equal(error.code, 'ERR_MSGQ_UNAVAILABLE')
    assert.doesNotMatch(error.message, /secret|wrong/)
    return true
  })
}

test('a user and a password, or a token, in the URL let a node in, and are in no message', async () => {
  const configuration = 'authorization { user: ann, password: "secret:1" }'
  await using named = await NatsCluster.start(1, { configuration, login: 'ann:secret%3A1@' })
  await works(named.url('login'))
  await refused(`nats://ann:wrong@${named.servers[0]}/login`)
  await refused(`nats://${named.servers[0]}/login`)
  await using tokened = await NatsCluster.start(1, {
    configuration: 'authorization { token: secret }',
    login: 'secret@',
  })
  await works(tokened.url('login'))
})

test('credentials of an account, in a file as nsc writes it, let a node in', async () => {
  const { configuration, creds, others } = newOperator()
  writeFileSync(join(folder, 'ann.creds'), creds)
  writeFileSync(join(folder, 'other.creds'), others)
  await using cluster = await NatsCluster.start(1, { configuration, query: `?creds=${join(folder, 'ann.creds')}` })
  await works(cluster.url('account'))
  await refused(`nats://${cluster.servers[0]}/account`)
  await refused(`nats://${cluster.servers[0]}/account?creds=${join(folder, 'other.creds')}`)
  await refused(`nats://${cluster.servers[0]}/account?creds=${join(folder, 'none.creds')}`)
})

test('TLS: the server is verified, and asks for a certificate of ours', async () => {
  const file = (name: string) => join(folder, name)
  const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'ignore' })
  const names = ['-addext', 'subjectAltName=DNS:localhost']
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    file('key'),
    '-out',
    file('cert'),
    '-days',
    '2',
    '-subj',
    '/CN=msgq',
    ...names,
  )
  const configuration = `tls { cert_file: "${file('cert')}", key_file: "${file('key')}", ca_file: "${file('cert')}", verify: true }`
  const query = `?tlsca=${file('cert')}&tlscert=${file('cert')}&tlskey=${file('key')}`
  await using cluster = await NatsCluster.start(1, { configuration, query })
  await works(cluster.url('tls'))
  await refused(`nats://${cluster.servers[0]}/tls?tls=true`)
  await refused(`nats://${cluster.servers[0]}/tls?tlsca=${file('cert')}`)
})

test('a URL that says what cannot be is a TypeError without its password', () => {
  for (const url of [
    'nats://ann:secret@host',
    'nats://ann:secret@host/a.b',
    'nats://ann:secret@host/a?replicas=6',
    'nats://ann:secret@host/a?tlscert=x',
    'nats://ann:secret@host/a?consistency=some',
    'nats://ann:secret@host/a?what=1',
  ]) {
    assert.throws(
      () => readNatsUrl(url),
      (error: Error) => error instanceof TypeError && !error.message.includes('secret'),
    )
  }
  assert.deepEqual(readNatsUrl('nats://a,b:1/c').servers, ['a:4222', 'b:1'])
})
