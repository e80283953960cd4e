import { open, stat, utimes } from 'node:fs/promises';

/** Inverts one byte and puts the times back, as a bad disk would. */
export async function flipByte(path: string, at: number): Promise<void> {
  const { atime, mtime } = await stat(path);
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    await file.write(Buffer.of((byte[0] ?? 0) ^ 0xff), 0, 1, at);
  } finally {
    await file.close();
  }
  await utimes(path, atime, mtime);
}
