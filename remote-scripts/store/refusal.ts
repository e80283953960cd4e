/** Something on the disk is not as our programs need it. Nothing was changed, and the message says what to do. */
export class StoreRefusal extends Error {
  override readonly name: string = 'StoreRefusal';
}
