/** A case that cannot be run on this namespace as it is, whether the backend behaves or not; the message says why. */
export class LeftOut extends Error {
  override readonly name = 'LeftOut'
}
