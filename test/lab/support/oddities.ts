import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DAYS = Array.from({ length: 300_000 }, (_, day) => `[${day},1]`).join();

/** What may be in the place of a file: made by hand, by a failing disk, or by a restore of the state directory. */
export const ODDITIES: Readonly<Record<string, (path: string) => void>> = {
  'a directory': (path) => mkdirSync(join(path, 'x'), { recursive: true }),
  'a named pipe': (path) => execFileSync('mkfifo', [path]),
  'a link round in a circle': (path) => symlinkSync(path, path),
  '600 MB of one line': (path) => {
    writeFileSync(path, '{');
    truncateSync(path, 600 * 1024 ** 2);
  },
  'an empty object': (path) => writeFileSync(path, '{}'),
  'wrong types': (path) =>
    writeFileSync(
      path,
      '{"version":1,"lastRun":[],"text":7,"id":{},"time":[],"problems":{"x":7,"y":{"since":"2026-01-01","times":1e999}},' +
        `"arrivals":{"db":{"since":"2026-01-01","until":"2026-01-01","days":[${DAYS},[1e999,-1],null]}}}\n`,
    ),
  'foreign keys': (path) =>
    writeFileSync(
      path,
      '{"version":1,"__proto__":{"lastRun":7},"problems":{"__proto__":{"since":"2026-01-01"}},"arrivals":{"constructor":{}}}\n',
    ),
};
