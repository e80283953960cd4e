import { spawnSync } from 'node:child_process';

/**
 * Flips every bit of one byte and keeps size and mtime, to the nanosecond, as a bad disk does. Doing it twice restores
 * the byte.
 */
export function flipByte(path: string, offset: number): void {
  flipBytes([[path, offset]]);
}

/** The same to many files at once. */
export function flipBytes(places: readonly (readonly [path: string, offset: number])[]): void {
  const input = JSON.stringify(places);
  const { status, stderr } = spawnSync('python3', ['-I', '-c', FLIP], { encoding: 'utf8', input });
  if (status !== 0) throw new Error(stderr);
}

// Node sets times as floating point numbers, which cannot hold nanoseconds.
const FLIP = `
import json, os, sys
for path, offset in json.load(sys.stdin):
    times = os.stat(path)
    with open(path, 'r+b') as f:
        f.seek(offset); byte = f.read(1)[0]
        f.seek(offset); f.write(bytes([byte ^ 255]))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
`;
