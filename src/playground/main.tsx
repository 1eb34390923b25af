import { showPage } from '../page/index.ts'
import { Bench } from './bench.tsx'
import { LocalSource } from './local-source.ts'
import { World } from './world.ts'
import './playground.css'

const root = document.getElementById('page')
if (root === null) throw new Error('assertion: index.html has no #page')
const world = new World()
showPage(new LocalSource(world.namespace), root, <Bench world={world} />)
