/** Bytes that arrive in pieces, taken in the sizes that are asked for. */
export class ByteReader {
  #held = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  push(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes]);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** @throws Error when the stream ends before there are as many bytes */
  async take(count: number): Promise<Buffer> {
    while (this.#held.length < count) {
      if (this.#ended) throw new Error(`the stream ended ${count - this.#held.length} bytes too early`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }
}
