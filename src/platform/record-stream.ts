import { PassThrough, type Readable } from 'node:stream';

/** Records for a program's standard input, such as names of files. */
export interface RecordStream {
  readonly stream: Readable;
  /** Adds a record, which gets a NUL at its end. */
  add(...parts: readonly Buffer[]): void;
  end(): void;
}

/** Bytes that are passed on at once: a write for each of 50,000 names takes 0.3 s of processor time. */
const GATHERED = 32 * 1024;

const END = Buffer.of(0);

/** Makes a stream that passes records on many at a time. */
export function createRecordStream(): RecordStream {
  const stream = new PassThrough();
  let gathered: Buffer[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (bytes > 0) stream.write(Buffer.concat(gathered, bytes));
    [gathered, bytes] = [[], 0];
  };
  return {
    stream,
    add: (...parts) => {
      for (const part of [...parts, END]) {
        gathered.push(part);
        bytes += part.length;
      }
      if (bytes >= GATHERED) flush();
    },
    end: () => {
      flush();
      stream.end();
    },
  };
}
