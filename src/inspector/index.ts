/** A page over any namespace, for one user's browser on this machine. */
export { type Inspector, type InspectorOptions, startInspector } from './inspector.ts'
