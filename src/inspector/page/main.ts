import { showPage } from '../../page/index.ts'
import { HttpSource } from './http-source.ts'

const root = document.getElementById('page')
if (root === null) throw new Error('assertion: index.html has no #page')
showPage(new HttpSource(), root)
