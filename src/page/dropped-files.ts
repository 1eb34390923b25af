import type { ImageFile } from '../view/index.ts'

/** The files that were dropped; of a directory, those in it. To be asked at once: a browser forgets them after the event. */
export async function droppedFiles({ items }: DataTransfer): Promise<ImageFile[]> {
  const files = [...items].map((item) => {
    const entry = item.webkitGetAsEntry()
    return entry !== null && isDirectory(entry) ? filesIn(entry) : [item.getAsFile()]
  })
  return (await Promise.all(files)).flat().filter((file) => file !== null)
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory
}

async function filesIn(directory: FileSystemDirectoryEntry): Promise<File[]> {
  const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
    directory.createReader().readEntries(resolve, (cause) =>
      // Chromium lets no page from a disk read one.
      reject(new Error('this page may not read a directory: drop the files that are in it', { cause })),
    ),
  )
  const files = entries.filter((entry): entry is FileSystemFileEntry => entry.isFile)
  return Promise.all(files.map((file) => new Promise<File>((resolve, reject) => file.file(resolve, reject))))
}
