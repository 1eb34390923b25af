import type { NatsLogOptions } from './nats-log.ts'

/** What a URL of a namespace on NATS says. */
export interface NatsUrl extends NatsLogOptions {
  /** The URL without what lets its user in: for messages, logs and lists. */
  readonly shown: string
  readonly readsLocally: boolean
  readonly msgCopy?: 'index' | 'counter'
}

const NATS_PORT = 4222
const PARAMETERS = ['creds', 'tls', 'tlsca', 'tlscert', 'tlskey', 'replicas', 'consistency', 'msgCopy']
/** A stream's name is part of subjects and of files. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/
/** NATS keeps a stream on so many servers at most. */
const REPLICAS_MAX = 5

const FORM = /^nats:\/\/(?:[^@/]*@)?[^/@]+\/[^?@]*(?:\?.*)?$/

/** A URL without what lets its user in. One that has not the form of one may have that anywhere before its last `@`. */
function shownNatsUrl(url: string): string {
  return FORM.test(url) ? url.replace(/\/\/[^@/]*@/, '//') : url.replace(/^.*@/s, 'nats://…@')
}

/** The URL of another namespace on the same servers. @throws {TypeError} it is none. */
export function siblingUrl(url: string, name: string): string {
  const own = readNatsUrl(url).name
  return url.replace(new RegExp(`/${own}(?=$|\\?)`), `/${name}`)
}

/** Reads `nats://[USER:PASSWORD@]HOST[:PORT][,HOST…]/NAME?…`. @throws {TypeError} it is none. */
export function readNatsUrl(url: string): NatsUrl {
  const [, login, hosts = '', name = '', query] =
    /^nats:\/\/(?:([^@/]*)@)?([^/@]+)\/([^?]*)(?:\?(.*))?$/.exec(url) ?? []
  const shown = shownNatsUrl(url)
  if (!NAME.test(name))
    throw new TypeError(`${shown}: write nats://HOST:PORT/NAME, the name of letters, digits, _ and -`)
  const parameters = new URLSearchParams(query)
  for (const parameter of parameters.keys()) {
    if (!PARAMETERS.includes(parameter))
      throw new TypeError(`${shown}: there is no parameter ${parameter}; use ${PARAMETERS.join(', ')}`)
  }
  const [user, password] = login?.split(':').map((part) => decoded(shown, part)) ?? []
  const creds = parameters.get('creds')
  const files = { ca: parameters.get('tlsca'), cert: parameters.get('tlscert'), key: parameters.get('tlskey') }
  if ((files.cert === null) !== (files.key === null)) throw new TypeError(`${shown}: tlscert and tlskey go together`)
  const hasFiles = files.ca !== null || files.cert !== null
  const replicas = parameters.get('replicas')
  const isCount = replicas === null || (/^[1-9]$/.test(replicas) && Number(replicas) <= REPLICAS_MAX)
  if (!isCount) throw new TypeError(`${shown}: replicas is 1 to ${REPLICAS_MAX}`)
  const consistency = oneOf(shown, parameters, 'consistency', ['log', 'local'])
  const msgCopy = oneOf(shown, parameters, 'msgCopy', ['index', 'counter'])
  return {
    shown,
    servers: hosts.split(',').map((host) => (host.includes(':') ? host : `${host}:${NATS_PORT}`)),
    name,
    // A login without a password is a token, as NATS's own tools have it.
    ...(user !== undefined && (password === undefined ? { token: user } : { user, password })),
    ...(creds !== null && { creds }),
    ...(replicas !== null && { replicas: Number(replicas) }),
    ...((hasFiles || oneOf(shown, parameters, 'tls', ['true', 'false']) === 'true') && {
      tls: {
        ...(files.ca !== null && { caFile: files.ca }),
        ...(files.cert !== null && { certFile: files.cert }),
        ...(files.key !== null && { keyFile: files.key }),
      },
    }),
    readsLocally: consistency === 'local',
    ...(msgCopy !== undefined && { msgCopy }),
  }
}

function decoded(shown: string, part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (error) {
    if (error instanceof URIError) throw new TypeError(`${shown}: in a user or password, % is written %25`)
    throw error
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
