import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { MSG_COPY } from '../../src/abi/index.ts'
import { Engine } from '../../src/engine/index.ts'
import { root } from '../engine/random-entries.ts'

// Found by tests for mutants: calls that end in an error at once were said to wait.
test('Engine.wouldWait says no of a copy where copying is not built in, and of a size below 0', () => {
  const engine = new Engine({ msgCopy: 'counter', checkpointRestore: false })
  engine.apply({
    ...{ ticket: { session: 0, number: 1 }, now: 1, caller: root },
    call: { name: 'msgget', key: 0, msgflg: 0o600 },
  })
  const receive = { name: 'msgrcv', msqid: 0, msgsz: 1, msgtyp: 0, msgflg: 0 } as const
  equal(engine.wouldWait(root, receive), true)
  equal(engine.wouldWait(root, { ...receive, msgsz: -1 }), false, 'EINVAL')
  equal(engine.wouldWait(root, { ...receive, msgflg: MSG_COPY }), false, 'ENOSYS')
  equal(engine.wouldWait(root, { ...receive, name: 'copyAfter', sequence: 0 }), false, 'ENOSYS')
})
