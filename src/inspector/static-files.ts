import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export interface StaticFile {
  readonly bytes: Uint8Array
  readonly contentType: string
}

/** The files of the built page by their path in a URL: read once, so that no request names a file of the machine. */
export async function readStaticFiles(directory: string): Promise<ReadonlyMap<string, StaticFile>> {
  const files = new Map<string, StaticFile>()
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const contentType = CONTENT_TYPES[path.extname(entry.name)]
    if (!entry.isFile() || contentType === undefined) continue
    const file = path.join(entry.parentPath, entry.name)
    const url = `/${path.relative(directory, file).split(path.sep).join('/')}`
    files.set(url === '/index.html' ? '/' : url, { bytes: await readFile(file), contentType })
  }
  return files
}
