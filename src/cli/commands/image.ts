import type { Arguments, Command, CommandContext } from '../command.ts'
import { UsageError } from '../errors.ts'
import { convertImage } from './image-convert.ts'
import { diffTwoImages } from './image-diff.ts'
import { showImage } from './image-show.ts'

interface SubCommand {
  readonly operands: string
  readonly least: number
  readonly most: number
  readonly options: readonly string[]
  run(given: Arguments, context: CommandContext): Promise<void>
}

const SUB_COMMANDS: ReadonlyMap<string, SubCommand> = new Map<string, SubCommand>([
  ['show', { operands: 'IMAGE', least: 1, most: 1, options: [], run: showImage }],
  ['diff', { operands: 'IMAGE IMAGE', least: 2, most: 2, options: ['exit-code'], run: diffTwoImages }],
  ['convert', { operands: 'FROM [TO]', least: 1, most: 2, options: ['to'], run: convertImage }],
])

/** `msgq image show|diff|convert` */
export const image: Command = {
  name: 'image',
  summary: 'show, compare, convert saved queues',
  operands: 'VERB IMAGE...',
  operandCount: { least: 1, most: 3 },
  firstOperands: [
    { word: 'show', does: 'the queues and messages of an image' },
    { word: 'diff', does: 'what was added, taken and changed' },
    { word: 'convert', does: "into crit's JSON, CRIU's file, NDJSON, or an image" },
  ],
  options: {
    'exit-code': { type: 'boolean', help: 'diff: exit with 1 when the images differ' },
    to: { type: 'string', value: 'FORMAT', help: 'convert: into crit, criu, ndjson or image' },
  },
  needsNamespace: false,
  alsoKnownAs: ['images', 'diff', 'show-image', 'convert'],
  details: `image show IMAGE prints the queues and messages of an image; image diff A B what was added, taken and changed
from A to B. image convert FROM [TO] turns one of CRIU's files into crit's JSON and that back, a whole image into
NDJSON (a message a line) and that back, or what --to says; on standard output or in TO, which must not be there yet.
IMAGE is a directory that checkpoint wrote or CRIU dumped, one of CRIU's files (ipcns-msg-N.img), crit's JSON of it,
or NDJSON. Nothing is restored.`,
  examples: [
    { command: 'msgq image show saved', does: 'what is in the directory ./saved' },
    { command: 'msgq image diff monday tuesday --exit-code', does: 'what came and went; exit 1 if anything did' },
    { command: 'msgq image convert saved saved.ndjson', does: 'as text, for jq and an editor' },
    { command: 'msgq image convert saved.ndjson again', does: 'and back, for restore' },
    { command: 'msgq image convert ipcns-msg-9.img queues.json', does: 'as `crit decode` has it' },
    { command: 'msgq image convert queues.json ipcns-msg-9.img', does: 'and back, byte for byte' },
  ],
  async run(given, context) {
    const [verb = '', ...operands] = given.operands
    const known = SUB_COMMANDS.get(verb)
    if (known === undefined) {
      throw new UsageError(
        `image does not know ${JSON.stringify(verb)}`,
        'it shows, diffs and converts: image show DIR',
      )
    }
    const usage = `usage: msgq image ${verb} ${known.operands}`
    if (operands.length < known.least) throw new UsageError(`image ${verb} needs more: ${known.operands}`, usage)
    if (operands.length > known.most) throw new UsageError(`image ${verb} has too many operands`, usage)
    const stray = Object.keys(image.options).find(
      (name) => given.options[name] !== undefined && !known.options.includes(name),
    )
    if (stray !== undefined) throw new UsageError(`--${stray} is not for image ${verb}`, usage)
    await known.run({ ...given, operands }, context)
  },
}
