import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { BackendError, type IpcNamespace, SyscallError } from '../contract/index.ts'
import { ImageError } from '../image/index.ts'
import { type CallParameters, isCall, NamespaceView, type ViewOptions } from '../view/index.ts'
import { Guard, type Refusal } from './guard.ts'
import { readStaticFiles, type StaticFile } from './static-files.ts'
import { Subscribers } from './subscribers.ts'
import { Uploads } from './upload.ts'

/** Other machines have no business here. */
const HOST = '127.0.0.1'
/** A message of msgmax as Linux has it by default is 8 KiB; 16 MiB of payload are 22 as base64. */
const BODY_BYTES_MAX = 32 * 1024 * 1024

/** Nothing comes from elsewhere, nothing runs that is not in a file of ours, nobody frames the page. */
const SAFE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

export interface InspectorOptions extends ViewOptions {
  /** 0 is any free port. */
  readonly port: number
}

export interface Inspector extends AsyncDisposable {
  /** The link that opens the page, once. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves the page over a namespace, to this machine alone.
 *
 * @throws Node's own system error, `EADDRINUSE` for instance.
 */
export async function startInspector(namespace: IpcNamespace, options: InspectorOptions): Promise<Inspector> {
  const files = await readStaticFiles(path.join(import.meta.dirname, 'page'))
  const server = createServer()
  server.listen(options.port, HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const view = new NamespaceView(namespace, options)
  const site: Site = {
    files,
    view,
    guard: new Guard(port),
    subscribers: new Subscribers(view),
    uploads: new Uploads(view),
  }
  server.on('request', (request, response) => void answer(site, request, response))
  const close = async () => {
    site.subscribers.close()
    view.close()
    server.close()
    server.closeAllConnections()
  }
  const url = `http://${HOST}:${port}/?token=${site.guard.token}`
  return { url, close, [Symbol.asyncDispose]: close }
}

interface Site {
  readonly files: ReadonlyMap<string, StaticFile>
  readonly view: NamespaceView
  readonly guard: Guard
  readonly subscribers: Subscribers
  readonly uploads: Uploads
}

async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value)
  try {
    await route(site, request, response)
  } catch (error) {
    if (response.headersSent) response.destroy()
    else json(response, statusOf(error), failureOf(error))
  }
}

async function route(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { guard } = site
  const url = new URL(request.url ?? '/', 'http://page')
  const isForeign = guard.refuseOrigin(request)
  if (isForeign !== undefined) return refuse(response, isForeign)
  const token = url.searchParams.get('token')
  const cookie = token === null ? undefined : guard.exchange(token)
  if (cookie !== undefined) {
    return void response.writeHead(303, { location: '/', 'set-cookie': cookie, 'cache-control': 'no-store' }).end()
  }
  const isStranger = guard.refuseStranger(request)
  if (isStranger !== undefined) return refuse(response, isStranger)
  const [, name] = /^\/api\/([a-zA-Z]+)$/.exec(url.pathname) ?? []
  if (request.method === 'POST' && name === 'upload') {
    return json(response, 200, await site.uploads.receive(request, url.searchParams))
  }
  if (request.method === 'POST' && name !== undefined) return call(site, name, request, response)
  if (request.method !== 'GET') return refuse(response, { status: 403, why: 'there is no such call' })
  if (name === 'events') {
    if (site.subscribers.add(response)) return
    return json(response, 503, { code: 'TOO_MANY', message: 'too many pages are open' })
  }
  if (name === 'checkpoint') return download(site, response)
  const file = site.files.get(url.pathname)
  if (file === undefined) return json(response, 404, { code: 'NOT_FOUND', message: 'there is no such page' })
  // Names of files have their hash, but for the page itself.
  const cacheControl = url.pathname.startsWith('/assets/') ? 'max-age=31536000, immutable' : 'no-store'
  response.writeHead(200, { 'content-type': file.contentType, 'cache-control': cacheControl }).end(file.bytes)
}

async function call(site: Site, name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isCall(name)) return json(response, 404, { code: 'NOT_FOUND', message: `there is no call ${name}` })
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > BODY_BYTES_MAX) throw new RangeError(`a call has at most ${BODY_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  const parameters = JSON.parse(Buffer.concat(chunks).toString()) as CallParameters[typeof name]
  json(response, 200, await site.view.answer(name, parameters))
}

/** All queues as NDJSON, at the speed of whoever reads. */
async function download({ view }: Site, response: ServerResponse): Promise<void> {
  const { name, chunks } = await view.checkpointFile()
  response.writeHead(200, {
    'content-type': 'application/x-ndjson',
    'content-disposition': `attachment; filename="${name}"`,
    'cache-control': 'no-store',
  })
  await pipeline(chunks, response)
}

function refuse(response: ServerResponse, { status, why }: Refusal): void {
  response
    .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    .end(`${why}\n`)
}

function json(response: ServerResponse, status: number, value: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(value))
}

/** What was asked is wrong. */
const REFUSALS = [TypeError, RangeError, SyntaxError, ImageError]

function statusOf(error: unknown): number {
  if (error instanceof SyscallError) return 409
  if (error instanceof BackendError) return error.code === 'ERR_MSGQ_UNSUPPORTED' ? 403 : 503
  return REFUSALS.some((kind) => error instanceof kind) ? 400 : 500
}

function failureOf(error: unknown): { code: string; message: string } {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof SyscallError || error instanceof BackendError ? error.code : 'ERR_CALL'
  return { code, message }
}
