/** A daemon on a disk that breaks: `daemon-main.js DIRECTORY SEED`. Ends when its disk has failed, or is killed. */
import { join } from 'node:path'
import { openDisk } from '../../../src/backends/daemon/journal/index.ts'
import { EngineService } from '../../../src/backends/daemon/server/engine-service.ts'
import { Server } from '../../../src/backends/daemon/server/server.ts'
import { Random } from '../../oracle/random.ts'
import { FaultyDisk } from './faulty-disk.ts'

const [directory = '', seed = '0'] = process.argv.slice(2)
const disk = new FaultyDisk(await openDisk(join(directory, 'state')), new Random(Number(seed)), {
  shortWrites: 5,
  failedFlushes: 1,
  full: 10,
})
const path = join(directory, 'socket')
const service = await EngineService.open(disk, { url: 'test:', segmentBytes: 131_072, imageEveryBytes: 200_000 })
await Server.listen({ path, service })
process.send?.('ready')
await service.failed
process.exit(1)
