/** `node echo-main.js SOCKET FILE`: answers what comes with the same bytes, once they are written into a file. */
import fs from 'node:fs'
import { createServer } from 'node:net'

/** As long as a segment of a journal, and zeroed as one: a write changes no size. */
const FILE_BYTES = 1 << 24
/** What a send of 64 bytes takes in a journal, with its frame. */
const RECORD_BYTES = 128

const [socketPath = '', filePath = ''] = process.argv.slice(2)
const file = fs.openSync(filePath, 'w')
fs.writeSync(file, Buffer.alloc(FILE_BYTES))
let at = 0
const server = createServer((socket) => {
  socket.on('data', (piece) => {
    fs.writeSync(file, piece, 0, Math.min(piece.length, RECORD_BYTES), at)
    at = (at + RECORD_BYTES) % FILE_BYTES
    socket.write(piece)
  })
})
server.listen(socketPath, () => console.log('ready'))
