import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { parseSumLine, type SumLine } from './sum-line.ts';

/** A manifest is not one that we have written. */
export class DamagedManifest extends Error {
  override readonly name = 'DamagedManifest';
}

/** Bytes that are read at once: with hundreds of manifests side by side, memory stays flat. */
const AT_ONCE = 64 * 1024;

/** No line is longer: a name has up to 4096 bytes, and each may be escaped. */
const LONGEST_LINE = 16 * 1024;

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Reads the lines of a manifest one by one; memory holds only a piece of it. Close it in the end. */
export class ManifestReader {
  /** Bytes of the file. */
  readonly size: number;
  readonly #path: string;
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(AT_ONCE);
  #sum = createHash('sha256');
  #text = '';
  #at = 0;
  #read = 0;
  #last = '';

  /** @throws NodeJS.ErrnoException when it cannot be opened; DamagedManifest when it is no file */
  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, FLAGS);
    const found = fstatSync(this.#fd);
    this.size = found.size;
    if (found.isFile()) return;
    this.close();
    throw new DamagedManifest(`${path} is no file`);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** How many bytes come before the next line. */
  get position(): number {
    return this.#read - (this.#text.length - this.#at);
  }

  /** The next line; undefined at the end. @throws DamagedManifest when it is none, or not in its place */
  next(): SumLine | undefined {
    const text = this.#nextText();
    if (text === undefined) return undefined;
    const line = parseSumLine(text);
    if (line === undefined || line.name <= this.#last) throw this.#damaged();
    this.#last = line.name;
    return line;
  }

  /** Goes to the first line whose name comes after `name`, in a few steps. */
  skipTo(name: string): void {
    // Invariant: what begins before `low` comes before the line that is sought, or is it.
    let low = 0;
    let high = this.size;
    while (high - low > AT_ONCE) {
      const middle = Math.floor((low + high) / 2);
      this.#jump(middle);
      this.#nextText(); // the rest of a line
      const start = this.position;
      const text = this.#nextText();
      const line = text === undefined ? undefined : parseSumLine(text);
      if (text !== undefined && line === undefined) throw this.#damaged();
      if (line === undefined || line.name > name || start >= high) high = middle;
      else low = start;
    }
    this.#jump(low);
    this.#last = '';
    for (
      let before = this.position, line = this.next();
      line !== undefined;
      before = this.position, line = this.next()
    ) {
      if (line.name <= name) continue;
      this.#jump(before);
      this.#last = '';
      return;
    }
  }

  /** The checksum of the whole file, when it was read from its beginning to its end and nothing was skipped. */
  digest(): string {
    return this.#sum.digest('hex');
  }

  #jump(position: number): void {
    this.#read = position;
    this.#text = '';
    this.#at = 0;
  }

  #nextText(): string | undefined {
    for (;;) {
      const end = this.#text.indexOf('\n', this.#at);
      if (end >= 0) {
        const line = this.#text.slice(this.#at, end);
        this.#at = end + 1;
        return line;
      }
      const rest = this.#text.length - this.#at;
      if (rest > LONGEST_LINE) throw this.#damaged();
      const count = readSync(this.#fd, this.#buffer, 0, AT_ONCE, this.#read);
      if (count === 0) {
        if (rest > 0) throw this.#damaged();
        return undefined;
      }
      const piece = this.#buffer.subarray(0, count);
      this.#sum.update(piece);
      this.#text = this.#text.slice(this.#at) + piece.toString('latin1');
      this.#at = 0;
      this.#read += count;
    }
  }

  #damaged(): DamagedManifest {
    return new DamagedManifest(`${this.#path} is damaged near byte ${this.position}`);
  }
}
