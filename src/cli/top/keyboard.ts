import type { Screen } from '../screen.ts'

const CTRL_C = '\x03'
const CTRL_Z = '\x1a'

/**
 * Tells the keys of a terminal, each as it is pressed and none shown, until the returned function is called. What Ctrl-C
 * and Ctrl-Z mean stays: an interrupt, and a stop until `fg`, with the terminal given back meanwhile. Nothing where
 * standard input is no terminal.
 *
 * @param pressed Called with each other key, and with none when the process goes on after a stop.
 */
export function onKeys(stdin: NodeJS.ReadStream, screen: Screen, pressed: (key: string) => void): () => void {
  if (!stdin.isTTY) return () => undefined
  const onData = (keys: Buffer | string) => {
    for (const key of String(keys)) {
      if (key === CTRL_C) process.kill(process.pid, 'SIGINT')
      else if (key === CTRL_Z) stop()
      else pressed(key)
    }
  }
  const stop = () => {
    screen.leave()
    stdin.setRawMode(false)
    // As the terminal would: to all of the job.
    process.kill(0, 'SIGTSTP')
  }
  const onContinue = () => {
    // The shell has its own mode.
    stdin.setRawMode(true)
    pressed('')
  }
  stdin.setRawMode(true)
  stdin.setEncoding('utf8').on('data', onData)
  process.on('SIGCONT', onContinue)
  return () => {
    process.off('SIGCONT', onContinue)
    stdin.off('data', onData)
    stdin.setRawMode(false)
    stdin.pause()
  }
}
