/** What lies on the disk is not what our programs work in; nothing was changed. The message says what to do. */
export class StoreRefusal extends Error {
  override readonly name: string = 'StoreRefusal';
}
