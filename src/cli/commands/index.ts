import type { Command } from '../command.ts'
import { bridge } from './bridge.ts'
import { checkpoint } from './checkpoint.ts'
import { cluster } from './cluster.ts'
import { completion } from './completion.ts'
import { conformance } from './conformance.ts'
import { copy } from './copy.ts'
import { cp } from './cp.ts'
import { create } from './create.ts'
import { doctor } from './doctor.ts'
import { image } from './image.ts'
import { inspect } from './inspect.ts'
import { limits } from './limits.ts'
import { log } from './log.ts'
import { ls } from './ls.ts'
import { metrics } from './metrics.ts'
import { mv } from './mv.ts'
import { receive } from './receive.ts'
import { restore } from './restore.ts'
import { rm } from './rm.ts'
import { run } from './run.ts'
import { send } from './send.ts'
import { serve } from './serve.ts'
import { set } from './set.ts'
import { stat } from './stat.ts'
import { top } from './top.ts'
import { tour } from './tour.ts'
import { watch } from './watch.ts'

/** Every command, in the order in which help lists them. A new one is a file here and a line in this table. */
export const COMMANDS: readonly Command[] = [
  ls,
  stat,
  top,
  create,
  rm,
  set,
  send,
  receive,
  copy,
  watch,
  inspect,
  mv,
  cp,
  bridge,
  checkpoint,
  restore,
  image,
  limits,
  metrics,
  run,
  serve,
  log,
  doctor,
  cluster,
  conformance,
  tour,
  completion,
]
