import { constants } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { openRegularFile } from '../platform/regular-file.ts';
import { HEAD_BYTES, type Ends } from './ends.ts';
import { formatRow, recogniseFormat, tailBytesOf, type Format } from './formats.ts';
import { neverEmpty } from './names.ts';

/** What a check found out about one file. */
export type DumpFinding =
  /** No dump of a format that we know, or nothing that could be judged. */
  | { readonly kind: 'nothing' }
  /** `by`: what was looked at, for people. */
  | { readonly kind: 'sound'; readonly format: Format; readonly by: string }
  /** It is certain that this is no whole dump. */
  | { readonly kind: 'broken'; readonly reason: string }
  /** The check was not made. */
  | { readonly kind: 'unchecked'; readonly format: Format; readonly reason: string };

/** The format of a file, and what its ends say. */
export interface Looked {
  readonly format: Format | undefined;
  readonly finding: DumpFinding;
}

const NOTHING: Looked = { format: undefined, finding: { kind: 'nothing' } };

/**
 * Looks at the first and last bytes of a file. What cannot be read is not judged: rsync reports it, or whoever reads it next.
 * @param path the file
 * @param name what it is called, where that says that it must not be empty
 */
export async function checkEnds(path: string | Buffer, name: string): Promise<Looked> {
  const file = await openRegularFile(path, constants.O_RDONLY).catch(() => undefined);
  if (file === undefined) return NOTHING;
  try {
    const { size } = await file.stat();
    if (size === 0) {
      return neverEmpty(name) ? { format: undefined, finding: { kind: 'broken', reason: 'it is empty' } } : NOTHING;
    }
    const head = await readAt(file, 0, Math.min(size, HEAD_BYTES));
    const format = recogniseFormat(head);
    if (format === undefined) return NOTHING;
    const length = Math.min(size, tailBytesOf(format));
    const tail = size === head.length ? head : await readAt(file, size - length, length);
    // Something cut it off meanwhile: nobody knows what it is becoming.
    if (tail.length < length) return { format, finding: { kind: 'nothing' } };
    return {
      format,
      finding: (await inUse(path, format)) ? { kind: 'nothing' } : judgeEnds(format, { size, head, tail }),
    };
  } catch {
    return NOTHING;
  } finally {
    await file.close();
  }
}

/** What the ends of something of a known format say. */
export function judgeEnds(format: Format, ends: Ends): DumpFinding {
  const { title, ends: judge } = formatRow(format);
  const verdict = judge(ends);
  switch (verdict.kind) {
    case 'whole':
      return { kind: 'sound', format, by: 'its ends' };
    case 'unknown':
      return { kind: 'nothing' };
    case 'cut':
      return { kind: 'broken', reason: `${title} that is cut off: ${verdict.lacks}` };
    default:
      return verdict satisfies never;
  }
}

/** Whether files beside it show that a program is changing it now. */
async function inUse(path: string | Buffer, format: Format): Promise<boolean> {
  for (const ending of formatRow(format).inUse ?? []) {
    const beside = Buffer.concat([Buffer.from(path), Buffer.from(ending)]);
    if ((await lstat(beside).catch(() => undefined)) !== undefined) return true;
  }
  return false;
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
