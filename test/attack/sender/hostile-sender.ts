import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { fileList, type Entry } from './file-list.ts';
import { DONE, indexReader, indexWriter, int16, int32 } from './wire.ts';
import { ByteReader } from './byte-reader.ts';

/** What a sender of our own making says before it sends anything. */
export interface Greeting {
  /** Words for ssh, up to the command line. */
  readonly remoteShell: readonly string[];
  readonly commandLine: string;
  /** The protocol it claims to speak, 27 to 32. */
  readonly protocol: number;
  /** Letters of the command line that shape what is sent. */
  readonly letters: string;
}

// What the server grants of what the client says it can do (compat.c, CF_*).
const INCREMENTAL = 1 << 0;
const IN_PLACE_PARTIAL = 1 << 6;
const VARYING_BITS = 1 << 7;

/** The file is to be sent. */
export const ITEM_TRANSFER = 1 << 15;
/** The kind of basis follows. */
export const ITEM_BASIS = 1 << 11;
/** The name of a basis follows. */
export const ITEM_NAME = 1 << 12;

/** What the server says about one file. */
export interface Wish {
  readonly index: number;
  readonly bits: number;
  /** Number of blocks, their length, the length of their strong sums, the length of the last one. */
  readonly head: Buffer;
  /** For each block its weak sum (four bytes) and its strong one. */
  readonly sums: Buffer;
}

// Kinds of messages beside the data (rsync.h, enum msgcode), and what is added to them on the wire.
const TAG_BASE = 7;
const TAG_DATA = 0;
/** "This file will not be sent." */
export const NO_SEND = 102;

/**
 * The sending side of rsync, as somebody writes it who has the push key and means harm: it speaks protocols 27 to 32 as
 * far as to be let in, and from then on says what the test wants.
 */
export class HostileSender {
  readonly #client: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<number>;
  readonly #greeting: Greeting;
  readonly #raw: ByteReader;
  /** What the server says, freed of its frames. */
  readonly data = new ByteReader();
  #stderr = '';
  /** Messages of the server to people. */
  #words = '';
  #index: (index: number) => Buffer;
  #protocol = 0;
  #granted = 0;

  private constructor(greeting: Greeting) {
    this.#greeting = greeting;
    this.#index = indexWriter(greeting.protocol);
    const [program, ...words] = [...greeting.remoteShell, greeting.commandLine];
    this.#client = spawn(program, words);
    this.#raw = new ByteReader();
    this.#client.stdout.on('data', (bytes: Buffer) => this.#raw.push(bytes));
    this.#client.stdout.on('end', () => this.#raw.end());
    this.#client.stderr.on('data', (bytes: Buffer) => (this.#stderr += bytes.toString()));
    // The server may end while we still speak.
    this.#client.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve) => this.#client.once('close', (code) => resolve(code ?? -1)));
  }

  /** Connects and shakes hands. @throws Error when the server does not speak rsync's protocol, with what it said instead */
  static async connect(greeting: Greeting): Promise<HostileSender> {
    const sender = new HostileSender(greeting);
    try {
      await sender.#shakeHands();
    } catch (error) {
      const { code, said } = await sender.end();
      throw new Error(`not let in: ${code}: ${said}`, { cause: error });
    }
    return sender;
  }

  async #shakeHands(): Promise<void> {
    this.#client.stdin.write(int32(this.#greeting.protocol));
    this.#protocol = Math.min(this.#greeting.protocol, (await this.#raw.take(4)).readInt32LE());
    this.#index = indexWriter(this.#protocol);
    if (this.#protocol >= 30) this.#granted = await this.#takeGranted();
    if (this.#granted & VARYING_BITS) {
      // Both say which checksums they know, the best one first. MD5 is what there is without that, too.
      this.#client.stdin.write(Buffer.concat([Buffer.from([3]), Buffer.from('md5')]));
      await this.#raw.take((await this.#raw.take(1))[0] ?? 0);
    }
    await this.#raw.take(4); // the seed of the checksums
    void this.#readFrames();
  }

  /** A number of one or two bytes: the first bit says which, and bits 8 to 13 are then the rest of the first byte. */
  async #takeGranted(): Promise<number> {
    const [first = 0] = await this.#raw.take(1);
    if (first < 0x80) return first;
    const [second = 0] = await this.#raw.take(1);
    return ((first & 0x3f) << 8) | second;
  }

  async #readFrames(): Promise<void> {
    try {
      for (;;) {
        const head = (await this.#raw.take(4)).readUInt32LE();
        const content = await this.#raw.take(head & 0xffffff);
        if ((head >>> 24) - TAG_BASE === TAG_DATA) this.data.push(content);
        else this.#words += content.toString();
      }
    } catch {
      this.data.end();
    }
  }

  get protocol(): number {
    return this.#protocol;
  }

  /** Whether the server takes one list for each directory, and not one for all. */
  get incremental(): boolean {
    return (this.#granted & INCREMENTAL) !== 0;
  }

  /** Whether the server would write into a file in place when told that it is a partial one. */
  get inPlacePartial(): boolean {
    return (this.#granted & IN_PLACE_PARTIAL) !== 0;
  }

  /** Sends a file list. @param start index of its first entry */
  sendList(entries: readonly Entry[], start = this.incremental ? 1 : 0): void {
    const varyingBits = (this.#granted & VARYING_BITS) !== 0;
    this.send(fileList(entries, { protocol: this.#protocol, letters: this.#greeting.letters, start, varyingBits }));
  }

  /** Sends the index of a file or one of the numbers that may stand in its place. */
  sendIndex(index: number): void {
    this.send(this.#index(index));
  }

  /** Sends one file: what is said about it, then its tokens, then a checksum. */
  sendFile(index: number, bits: number, rest: readonly Buffer[]): void {
    this.sendIndex(index);
    this.send(Buffer.concat([...(this.#protocol < 29 ? [] : [int16(bits)]), ...rest]));
  }

  /**
   * Reads what the server asks for, and ends a phase when it does, until the stream ends.
   * @param answer what to do about each file that is asked for; nothing is sent of the others
   * @param onEnd what to do before a phase or list ends; the first is 1
   */
  async serve(
    answer: (wish: Wish) => void = () => undefined,
    onEnd: (count: number) => void = () => undefined,
  ): Promise<void> {
    const read = indexReader(this.#protocol);
    let ended = 0;
    try {
      for (;;) {
        const index = await read(this.data);
        if (index >= 0) answer(await this.#takeWish(index));
        else if (index === DONE) {
          onEnd((ended += 1));
          this.sendIndex(DONE);
        }
      }
    } catch {
      // The stream has ended.
    }
  }

  async #takeWish(index: number): Promise<Wish> {
    const bits = this.#protocol < 29 ? ITEM_TRANSFER : (await this.data.take(2)).readUInt16LE();
    if (bits & ITEM_BASIS) await this.data.take(1);
    if (bits & ITEM_NAME) {
      const [first = 0] = await this.data.take(1);
      const [second = 0] = first & 0x80 ? await this.data.take(1) : [];
      await this.data.take(first & 0x80 ? ((first & 0x7f) << 8) | second : first);
    }
    if (!(bits & ITEM_TRANSFER)) return { index, bits, head: Buffer.alloc(16), sums: Buffer.alloc(0) };
    const head = await this.data.take(16);
    return { index, bits, head, sums: await this.data.take(head.readInt32LE(0) * (4 + head.readInt32LE(8))) };
  }

  /** Sends bytes of the data stream. */
  send(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += 0x4000) {
      const part = bytes.subarray(at, at + 0x4000);
      if (this.#protocol >= 30) this.#frame(TAG_DATA, part);
      else this.#client.stdin.write(part);
    }
  }

  /** Sends a message beside the data. Before protocol 30 there are none in this direction. */
  sendMessage(tag: number, content: Buffer): void {
    if (this.#protocol >= 30) this.#frame(tag, content);
  }

  #frame(tag: number, content: Buffer): void {
    this.#client.stdin.write(Buffer.concat([int32(((tag + TAG_BASE) << 24) | content.length), content]));
  }

  /** Waits for the end. @param milliseconds after which the line is cut */
  async end(milliseconds = 20_000): Promise<{ code: number; said: string }> {
    const timer = setTimeout(() => this.#client.kill('SIGKILL'), milliseconds);
    // Cut by us before it is done, it would not do what it does at its end.
    this.#client.stdout.once('end', () => this.#client.stdin.end());
    const code = await this.#ended;
    clearTimeout(timer);
    return { code, said: `${this.#stderr}${this.#words}` };
  }
}
