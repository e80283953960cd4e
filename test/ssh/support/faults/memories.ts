import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lane } from './lane.ts';
import { oneOf } from './source.ts';
import type { Fault } from './table.ts';

/** How a file is damaged. Its owner stays. */
const DAMAGES: Readonly<Record<string, (path: string) => void>> = {
  'cut off': (path) => truncateSync(path, Math.floor(statSync(path).size / 2)),
  emptied: (path) => truncateSync(path, 0),
  'full of zeros': (path) => writeFileSync(path, Buffer.alloc(statSync(path).size)),
  'with another byte': (path) => {
    const bytes = readFileSync(path);
    const middle = Math.floor(bytes.length / 2);
    if (bytes.length > 0) bytes[middle] = (bytes[middle] ?? 0) ^ 255;
    writeFileSync(path, bytes);
  },
  'with a line that is none': (path) => writeFileSync(path, '{"version":1,"half', { flag: 'a' }),
  removed: (path) => rmSync(path),
};

/** Every file below a directory. */
const filesBelow = (directory: string) =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

/** What remembers, on both hosts. */
const REMEMBERED: Readonly<
  Record<string, { readonly only?: Lane['kind']; readonly files: (lane: Lane) => readonly string[] }>
> = {
  state: { files: ({ primary }) => filesBelow(join(primary.state, 'jobs')) },
  history: { files: ({ primary }) => [join(primary.state, 'history.jsonl')] },
  'lists of what was sent': { files: ({ primary }) => filesBelow(join(primary.state, 'manifests')) },
  ledger: { only: 'gate', files: ({ hostState = '', job }) => [join(hostState, `${job}.attempts.jsonl`)] },
  'state of the gate': { only: 'gate', files: ({ hostState = '' }) => filesBelow(hostState) },
};

/** A file that one of the hosts remembers something in is damaged, before the run or during it. */
export const MEMORIES: readonly Fault[] = Object.entries(REMEMBERED).map(([name, { only, files }]) => ({
  name: `damaged ${name}`,
  outcomes: [],
  spoilsLedger: true,
  ...(only === undefined ? {} : { only }),
  plan: (random) => {
    const [words, damage] = oneOf(random, Object.entries(DAMAGES));
    const spoil = (lane: Lane) => {
      const found = files(lane);
      if (found.length === 0) return false;
      damage(oneOf(random, found));
      return true;
    };
    if (random() < 0.5) return { words, hit: ({ lane }) => spoil(lane) };
    let spoilt = false;
    return { words: `${words}, before`, before: (lane) => void (spoilt = spoil(lane)), hit: () => spoilt };
  },
}));
