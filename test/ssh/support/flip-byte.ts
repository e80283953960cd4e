import { spawnSync } from 'node:child_process';

/**
 * Flips every bit of one byte and keeps size and mtime, to the nanosecond, as a bad disk does. Doing it twice restores
 * the byte.
 */
export function flipByte(path: string, offset: number): void {
  const { status, stderr } = spawnSync('python3', ['-I', '-c', FLIP, path, String(offset)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

// Node sets times as floating point numbers, which cannot hold nanoseconds.
const FLIP = `
import os, sys
path, offset = sys.argv[1], int(sys.argv[2])
times = os.stat(path)
with open(path, 'r+b') as f:
    f.seek(offset); byte = f.read(1)[0]
    f.seek(offset); f.write(bytes([byte ^ 255]))
os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
`;
