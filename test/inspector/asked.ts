import { type IncomingHttpHeaders, request } from 'node:http'

export interface Asked {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** As a program asks, which may say any Host and Origin. */
export function ask(
  url: string,
  { method = 'GET', path, headers = {}, body = '' }: Asked,
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer }> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, method, path, headers }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

/** Uses the link, which works once. */
export async function cookieOf(url: string): Promise<string> {
  const { headers } = await ask(url, { path: `/${new URL(url).search}` })
  return String(headers['set-cookie']).split(';')[0] ?? ''
}
