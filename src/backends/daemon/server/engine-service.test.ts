import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { root } from '../../../../test/engine/random-entries.ts'
import { Random } from '../../../../test/oracle/random.ts'
import { SimulatedDisk } from '../../../../test/simulator/disk.ts'
import { IPC_NOWAIT } from '../../../abi/index.ts'
import type { Call } from '../../../engine/index.ts'
import { EngineService } from './engine-service.ts'

test('EngineService.call answers an accept without haste, and at once the send that it made room for', async () => {
  const namespace = { limits: { msgmnb: 8 } }
  const service = await EngineService.open(new SimulatedDisk(new Random(1)).process(), { url: 'unix:/here', namespace })
  const answers: string[] = []
  service.sink = {
    answer: (_, { kind, number }, isUrgent) =>
      answers.push(`${kind} ${number} ${isUrgent === false ? 'late' : 'at once'}`),
    answerAll: () => undefined,
  }
  await service.open(1, root)
  let number = 0
  const call = (call: Call) => service.call({ session: 1, number: ++number }, root, call)
  const send: Call = { name: 'msgsnd', msqid: 0, mtype: 1, mtext: new Uint8Array(8), msgflg: 0 }
  call({ name: 'msgget', key: 0, msgflg: 0o600 })
  call(send)
  call({ name: 'msgrcv', msqid: 0, msgsz: 8, msgtyp: 0, msgflg: IPC_NOWAIT, hold: true })
  call(send)
  call({ name: 'acceptAll', receives: [3] })
  await service.close()
  deepEqual(answers.slice(3).sort(), ['answer 4 at once', 'answer 5 late'])
})
