/** Runs unmodified programs over a namespace. */
export { type Obstacle, obstacleHere } from './feasibility.ts'
export { ProgramError, type RunOptions, runProgram } from './launch.ts'
