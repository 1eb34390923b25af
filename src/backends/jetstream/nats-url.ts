import type { NatsLogOptions } from './nats-log.ts'

/** What a URL of a namespace on NATS says. */
export interface NatsUrl extends NatsLogOptions {
  readonly readsLocally: boolean
  readonly msgCopy?: 'index' | 'counter'
}

const NATS_PORT = 4222
const PARAMETERS = ['creds', 'tls', 'replicas', 'consistency', 'msgCopy']
/** A stream's name is part of subjects and of files. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/
/** NATS keeps a stream on so many servers at most. */
const REPLICAS_MAX = 5

/** Reads `nats://[USER:PASSWORD@]HOST[:PORT][,HOST…]/NAME?…`. @throws {TypeError} it is none. */
export function readNatsUrl(url: string): NatsUrl {
  const [, login, hosts = '', name = '', query] =
    /^nats:\/\/(?:([^@/]*)@)?([^/@]+)\/([^?]*)(?:\?(.*))?$/.exec(url) ?? []
  if (!NAME.test(name)) throw new TypeError(`${url}: write nats://HOST:PORT/NAME, the name of letters, digits, _ and -`)
  const parameters = new URLSearchParams(query)
  for (const parameter of parameters.keys()) {
    if (!PARAMETERS.includes(parameter))
      throw new TypeError(`${url}: there is no parameter ${parameter}; use ${PARAMETERS.join(', ')}`)
  }
  const [user, password] = login?.split(':').map(decodeURIComponent) ?? []
  const creds = parameters.get('creds')
  const replicas = parameters.get('replicas')
  const isCount = replicas === null || (/^[1-9]$/.test(replicas) && Number(replicas) <= REPLICAS_MAX)
  if (!isCount) throw new TypeError(`${url}: replicas is 1 to ${REPLICAS_MAX}`)
  const consistency = oneOf(url, parameters, 'consistency', ['log', 'local'])
  const msgCopy = oneOf(url, parameters, 'msgCopy', ['index', 'counter'])
  return {
    servers: hosts.split(',').map((host) => (host.includes(':') ? host : `${host}:${NATS_PORT}`)),
    name,
    // A login without a password is a token, as NATS's own tools have it.
    ...(user !== undefined && (password === undefined ? { token: user } : { user, password })),
    ...(creds !== null && { creds }),
    ...(replicas !== null && { replicas: Number(replicas) }),
    tls: oneOf(url, parameters, 'tls', ['true', 'false']) === 'true',
    readsLocally: consistency === 'local',
    ...(msgCopy !== undefined && { msgCopy }),
  }
}

function oneOf<Word extends string>(
  url: string,
  parameters: URLSearchParams,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = parameters.get(name)
  const word = words.find((each) => each === text)
  if (text !== null && word === undefined) throw new TypeError(`${url}: ${name} is ${words.join(' or ')}`)
  return word
}
