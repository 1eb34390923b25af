import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'

interface KeyPair {
  getPublicKey(): string
  getSeed(): Uint8Array
  sign(bytes: Uint8Array): Uint8Array
}

interface Nkeys {
  createOperator(): KeyPair
  createAccount(): KeyPair
  createUser(): KeyPair
}

/** An operator with an account of its own for JetStream, as a server's configuration, and credentials of users. */
export interface Operator {
  readonly configuration: string
  readonly creds: string
  /** Of a user whose account this operator does not know. */
  readonly others: string
}

const UNLIMITED = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 }

/** Makes what `nsc` makes. Source: NATS's documentation, "JWTs", and its Go library jwt/v2. */
export function newOperator(): Operator {
  const { nkeys } = createRequire(import.meta.url)('@nats-io/transport-node') as { readonly nkeys: Nkeys }
  const [operator, system, account, stranger] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
    nkeys.createAccount(),
  ]
  const accountOf = (keys: KeyPair, limits: object) =>
    token(operator, keys, 'account', { limits: { ...UNLIMITED, ...limits } })
  const limits = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }
  return {
    configuration: `operator: ${token(operator, operator, 'operator', {})}
system_account: ${system.getPublicKey()}
resolver: MEMORY
resolver_preload: {
  ${system.getPublicKey()}: ${accountOf(system, {})}
  ${account.getPublicKey()}: ${accountOf(account, limits)}
}`,
    creds: credsOf(account, nkeys.createUser()),
    others: credsOf(stranger, nkeys.createUser()),
  }
}

function credsOf(account: KeyPair, user: KeyPair): string {
  const jwt = token(account, user, 'user', { subs: -1, data: -1, payload: -1 })
  const seed = Buffer.from(user.getSeed()).toString()
  return `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`
}

function token(issuer: KeyPair, subject: KeyPair, type: string, claims: object): string {
  const claim = {
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name: type,
    sub: subject.getPublicKey(),
    nats: { ...claims, type, version: 2 },
  }
  const jti = createHash('sha256').update(JSON.stringify(claim)).digest('hex')
  const header = encoded({ typ: 'JWT', alg: 'ed25519-nkey' })
  const body = `${header}.${encoded({ jti, ...claim })}`
  return `${body}.${Buffer.from(issuer.sign(Buffer.from(body))).toString('base64url')}`
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
