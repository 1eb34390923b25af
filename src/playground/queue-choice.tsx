import { formatKey } from '../contract/index.ts'
import type { CheckpointQueue } from '../engine/index.ts'

/** Which queue: the newest, until another is chosen. */
export function QueueChoice({ queues }: { readonly queues: readonly CheckpointQueue[] }) {
  return (
    <label>
      queue{' '}
      <select name="msqid">
        {queues.map(({ msqid, perm }, at) => (
          <option key={msqid} value={msqid} selected={at === queues.length - 1}>
            {msqid}, {formatKey(perm.key)}
          </option>
        ))}
      </select>
    </label>
  )
}
