import { FORMAT_PARSERS } from './format-parsers.ts'
import type { Parser } from './parser.ts'
import { TEXT_PARSERS } from './text-parsers.ts'

/** Everything of ours that reads what others wrote. */
export const PARSERS: readonly Parser[] = [...FORMAT_PARSERS, ...TEXT_PARSERS]
