import { closeSync, constants, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { clearLeftovers } from '../../src/platform/files.ts';
import { writerMark } from '../../src/platform/writer-mark.ts';
import { syncDirectory } from '../store/syncing.ts';
import { formatSumLine, type SumLine } from '../../src/manifests/sum-line.ts';

/** Bytes that are written at once. */
const AT_ONCE = 64 * 1024;

/** What has been written. */
export interface WrittenManifest {
  readonly digest: string;
  readonly lines: number;
  /** Bytes of the manifest itself. */
  readonly size: number;
}

const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Writes a manifest, whole or not at all: it has its name only once all of it is on the disk. */
export class ManifestWriter {
  readonly #path: string;
  readonly #temporary: string;
  readonly #fd: number;
  readonly #sum = createHash('sha256');
  #pending: string[] = [];
  #length = 0;
  #lines = 0;
  #size = 0;
  #isOpen = true;

  private constructor(path: string) {
    this.#path = path;
    this.#temporary = join(dirname(path), `.${basename(path)}.${writerMark()}.tmp`);
    this.#fd = openSync(this.#temporary, FLAGS, 0o600);
  }

  /** Begins one, and removes what a writer has left that was killed. @throws NodeJS.ErrnoException */
  static async begin(path: string): Promise<ManifestWriter> {
    await clearLeftovers(path);
    return new ManifestWriter(path);
  }

  /** Lines come sorted by name. */
  add(line: SumLine): void {
    const text = formatSumLine(line);
    this.#pending.push(text);
    this.#length += text.length;
    this.#lines += 1;
    if (this.#length >= AT_ONCE) this.#write();
  }

  /** Puts it in its place, over a former one. @throws NodeJS.ErrnoException when the disk does not take it */
  async finish(): Promise<WrittenManifest> {
    this.#write();
    fsyncSync(this.#fd);
    this.#close();
    renameSync(this.#temporary, this.#path);
    await syncDirectory(dirname(this.#path));
    return { digest: this.#sum.digest('hex'), lines: this.#lines, size: this.#size };
  }

  /** Leaves everything as it was. */
  drop(): void {
    this.#close();
    rmSync(this.#temporary, { force: true });
  }

  #close(): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }

  #write(): void {
    const bytes = Buffer.from(this.#pending.join(''), 'latin1');
    this.#pending = [];
    this.#length = 0;
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    this.#sum.update(bytes);
    this.#size += bytes.length;
  }
}
