import { ALL_CAPABILITIES, INT_MAX, INT_MIN, UINT_MAX } from '../abi/index.ts'
import type { Caller, WaitingCall } from '../engine/index.ts'
import { BASE64, base64AsBytes, bytesAsBase64, type JsonObject, longAsJson } from './json-line.ts'

/** A waiting call as a line of our file keeps it: payload in base64, longs exact. */
export function waitingAsJson({ ticket, msqid, caller, call }: WaitingCall): object {
  const { session, number } = ticket
  return { ticket: { session, number }, msqid, caller: callerAsJson(caller), call: callAsJson(call) }
}

export function readWaiting(line: JsonObject): WaitingCall {
  const ticket = line.object('ticket')
  return {
    ticket: { session: count(ticket, 'session'), number: count(ticket, 'number') },
    msqid: line.integer('msqid', 0, INT_MAX),
    caller: readCaller(line.object('caller')),
    call: readCall(line.object('call')),
  }
}

function callerAsJson({ pid, tid, uid, gid, groups, capabilities }: Caller): object {
  return { pid, tid, uid, gid, groups, capabilities }
}

function readCaller(caller: JsonObject): Caller {
  const groups = caller.array('groups')
  if (!groups.every((group): group is number => Number.isInteger(group))) throw caller.member('groups', 'group ids')
  const capabilities = caller.array('capabilities')
  return {
    pid: caller.integer('pid', 0, INT_MAX),
    tid: caller.integer('tid', 0, INT_MAX),
    uid: caller.integer('uid', 0, UINT_MAX),
    gid: caller.integer('gid', 0, UINT_MAX),
    groups,
    capabilities: ALL_CAPABILITIES.filter((capability) => capabilities.includes(capability)),
  }
}

function callAsJson(call: WaitingCall['call']): object {
  switch (call.name) {
    case 'msgsnd': {
      const { name, msqid, mtype, mtext, msgflg } = call
      return { name, msqid, mtype: longAsJson(mtype), mtext: bytesAsBase64(mtext), msgflg }
    }
    case 'msgrcv': {
      const { name, msqid, msgsz, msgtyp, msgflg, hold } = call
      return { name, msqid, msgsz, msgtyp: longAsJson(msgtyp), msgflg, hold }
    }
    case 'copyAfter': {
      const { name, msqid, sequence, msgsz, msgtyp, msgflg } = call
      return { name, msqid, sequence, msgsz, msgtyp: longAsJson(msgtyp), msgflg }
    }
  }
}

function readCall(call: JsonObject): WaitingCall['call'] {
  const msqid = call.integer('msqid', INT_MIN, INT_MAX)
  const msgflg = call.integer('msgflg', INT_MIN, INT_MAX)
  switch (call.string('name', /^(msgsnd|msgrcv|copyAfter)$/)) {
    case 'msgsnd':
      return {
        name: 'msgsnd',
        msqid,
        mtype: call.long('mtype'),
        mtext: base64AsBytes(call.string('mtext', BASE64)),
        msgflg,
      }
    case 'msgrcv': {
      const receive = {
        name: 'msgrcv',
        msqid,
        msgsz: count(call, 'msgsz'),
        msgtyp: call.long('msgtyp'),
        msgflg,
      } as const
      return call.has('hold') ? { ...receive, hold: call.boolean('hold') } : receive
    }
    default:
      return {
        name: 'copyAfter',
        msqid,
        sequence: count(call, 'sequence'),
        msgsz: count(call, 'msgsz'),
        msgtyp: call.long('msgtyp'),
        msgflg,
      }
  }
}

function count(object: JsonObject, name: string): number {
  return object.integer(name, 0, Number.MAX_SAFE_INTEGER)
}
