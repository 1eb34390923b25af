import { INT_MAX, type Msgbuf, type MsqidSettings, UINT_MAX } from '../abi/index.ts'
import type {
  Caller,
  CopyAfter,
  Limits,
  Msgctl,
  Msgget,
  Msgrcv,
  Msgsnd,
  SetCopyCounter,
  SetLimits,
  SetNextId,
} from '../engine/index.ts'
import { callerOptions, int, key, limits, longArgument, msgbuf, msqidSettings, size, unsigned } from './arguments.ts'
import type { CallerOptions } from './ipc-namespace.ts'

/** The calls of the contract as entries carry them, once their arguments are checked. */

export function msggetCall(keyArgument: number, msgflg: number): Msgget {
  return { name: 'msgget', key: key(keyArgument), msgflg: int('msgflg', msgflg) }
}

export function msgsndCall(msqid: number, message: Msgbuf, msgflg: number): Msgsnd {
  const { mtype, mtext } = msgbuf(message)
  return { name: 'msgsnd', msqid: int('msqid', msqid), mtype, mtext, msgflg: int('msgflg', msgflg) }
}

export function msgrcvCall(
  msqid: number,
  msgsz: number,
  msgtyp: number | bigint,
  msgflg: number,
  hold: boolean,
): Msgrcv {
  return {
    name: 'msgrcv',
    msqid: int('msqid', msqid),
    msgsz: size('msgsz', msgsz),
    msgtyp: longArgument('msgtyp', msgtyp),
    msgflg: int('msgflg', msgflg),
    hold,
  }
}

export function msgctlCall(msqid: number, cmd: number, settings: MsqidSettings | undefined): Msgctl {
  const call = { name: 'msgctl', msqid: int('msqid', msqid), cmd: int('cmd', cmd) } as const
  const checked = msqidSettings(settings)
  return checked === undefined ? call : { ...call, settings: checked }
}

export function copyAfterCall(
  msqid: number,
  sequence: number,
  msgsz: number,
  msgtyp: number | bigint,
  msgflg: number,
): CopyAfter {
  return {
    name: 'copyAfter',
    msqid: int('msqid', msqid),
    sequence: unsigned('sequence', sequence),
    msgsz: size('msgsz', msgsz),
    msgtyp: longArgument('msgtyp', msgtyp),
    msgflg: int('msgflg', msgflg),
  }
}

export function setCopyCounterCall(msqid: number, copyCounter: number): SetCopyCounter {
  return {
    name: 'setCopyCounter',
    msqid: int('msqid', msqid),
    copyCounter: unsigned('copyCounter', copyCounter, UINT_MAX),
  }
}

export function setLimitsCall(limitsArgument: Partial<Limits>): SetLimits {
  return { name: 'setLimits', limits: limits(limitsArgument) }
}

export function setNextIdCall(nextId: number): SetNextId {
  return { name: 'setNextId', nextId: size('nextId', nextId) }
}

/** Who `as` speaks for, checked and copied; what was left out is for another to fill in. */
export function spokenFor(options: CallerOptions): CallerOptions {
  const { uid, gid, groups, pid, tid, capabilities } = callerOptions(options)
  return {
    uid: unsigned('uid', uid, UINT_MAX - 1),
    ...(gid !== undefined && { gid: unsigned('gid', gid, UINT_MAX - 1) }),
    ...(groups !== undefined && { groups: groups.map((group) => unsigned('group', group, UINT_MAX - 1)) }),
    ...(pid !== undefined && { pid: unsigned('pid', pid, INT_MAX) }),
    ...(tid !== undefined && { tid: unsigned('tid', tid, INT_MAX) }),
    ...(capabilities !== undefined && { capabilities: [...capabilities] }),
  }
}

/** The caller that `as` names; see `CallerOptions` for what is left out. */
export function callerFrom(options: CallerOptions, own: Caller): Caller {
  const { uid, gid = own.gid, groups = [], pid = own.pid, tid = pid, capabilities = [] } = spokenFor(options)
  return { pid, tid, uid, gid, groups, capabilities }
}
