import { formatKey } from '../../contract/index.ts'
import { diffImages, type FieldChange, type MessageChange, readImageAt } from '../../image/index.ts'
import { fieldWords } from '../../view/index.ts'
import { flag } from '../arguments.ts'
import type { Arguments, CommandContext } from '../command.ts'
import { QuietEnd } from '../errors.ts'
import { EXIT } from '../exit-code.ts'
import type { Output } from '../output.ts'
import { payloadJson, payloadLines } from '../payload.ts'
import { count } from '../words.ts'

const SIGNS = { added: '+', taken: '-', changed: '~' } as const

/** `msgq image diff A B` */
export async function diffTwoImages(given: Arguments, { output, interrupted }: CommandContext): Promise<void> {
  const [before = '', after = ''] = given.operands
  const old = await readImageAt(before)
  const { fields, queues } = diffImages(old.checkpoint, (await readImageAt(after)).checkpoint)
  interrupted.throwIfAborted()
  const isSame = fields.length === 0 && queues.length === 0
  if (output.isJson) {
    const told = queues.map((queue) => ({ ...queue, messages: queue.messages.map(asJson) }))
    await output.json({ isSame, fields, queues: told })
  } else if (isSame) await output.lines('the same')
  else {
    await output.lines(...fields.map(fieldLine))
    for (const { change, msqid, key, fields, messages } of queues) {
      const what = `${SIGNS[change]} queue ${msqid}, key ${formatKey(key)}: ${change}`
      await output.lines(output.style.bold(`${what}, ${count(messages.length, 'message')}`))
      await output.lines(...fields.map(fieldLine))
      for (const one of messages) await messageLines(one, output)
    }
  }
  if (!isSame && flag(given, 'exit-code')) throw new QuietEnd(EXIT.refused)
}

function fieldLine({ field, before, after }: FieldChange): string {
  return `  ~ ${field}: ${fieldWords(field, before)} → ${fieldWords(field, after)}`
}

async function messageLines({ change, index, message }: MessageChange, output: Output): Promise<void> {
  const [first = '', ...more] = payloadLines(message.mtext)
  const head = `  ${SIGNS[change]} [${index}] type ${message.mtype}, ${count(message.mtext.length, 'byte')}: `
  await output.lines(`${head}${first}`, ...more.map((line) => `${' '.repeat(head.length)}${line}`))
}

function asJson({ change, index, message }: MessageChange): object {
  const { mtype, mtext, sequence } = message
  const { encoding } = payloadJson(mtext)
  const payload = encoding === 'base64' ? Buffer.from(mtext).toString('base64') : Buffer.from(mtext).toString()
  return { change, index, type: mtype, bytes: mtext.length, sequence, encoding, payload }
}
