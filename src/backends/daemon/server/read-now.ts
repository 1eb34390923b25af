import type { Socket } from 'node:net'

/**
 * Hears what comes on a socket as `socket.on('data', …)` does, past Node's stream where nothing waits in it. A socket hands
 * what it read to its own `push`, which hands it on, and then asks in a tick of its own whether there is more to read: there
 * always is, of a socket that reads by itself. While it is paused, and until what it read meanwhile was heard, it is Node's.
 *
 * Where a Node calls another method than `push`, all is heard as 'data'. See docs/decisions/0025.
 */
export function readNow(socket: Socket, receive: (piece: Buffer) => void): void {
  const { push } = socket
  socket.push = (piece: Buffer | null, encoding) => {
    const isIdle = socket.readableFlowing === true && socket.readableLength === 0
    if (piece === null || !isIdle) return push.call(socket, piece, encoding)
    receive(piece)
    return true
  }
  socket.on('data', receive)
}
