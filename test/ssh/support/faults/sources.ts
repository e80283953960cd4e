import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { oneOf } from './source.ts';
import type { Fault, Plan } from './table.ts';

/** A change of the newest dump. */
const CHANGES: Readonly<Record<string, (dump: string) => void>> = {
  'it grows': (dump) => appendFileSync(dump, randomBytes(5000)),
  'it is cut off': (dump) => truncateSync(dump, Math.floor(statSync(dump).size / 2)),
  'it is written anew': (dump) => writeFileSync(dump, randomBytes(statSync(dump).size)),
  'it gets another mode': (dump) => chmodSync(dump, 0o640),
  'it has another name': (dump) => renameSync(dump, `${dump}.renamed`),
};

const newest = (source: string) => join(source, 'dumps', readdirSync(join(source, 'dumps')).sort().at(-1) ?? '');

/** What is moved away, or closed, and put back after the run. */
const PLACES: Readonly<Record<string, (source: string) => string>> = {
  'a dump': newest,
  'a directory': (source) => join(source, 'deep'),
  'the source': (source) => source,
};

function away(place: string): Plan['hit'] {
  return ({ lane: { primary } }) => {
    const path = PLACES[place]?.(primary.source) ?? '';
    renameSync(path, `${primary.directory}/away`);
    return true;
  };
}

/** What can happen to the source while it is read. */
export const SOURCES: readonly Fault[] = [
  {
    name: 'source changes',
    outcomes: ['incomplete'],
    changesSource: true,
    plan: (random) => {
      const [words, change] = oneOf(random, Object.entries(CHANGES));
      return { words, hit: ({ lane: { primary } }) => (change(newest(primary.source)), true) };
    },
  },
  {
    name: 'source vanishes',
    outcomes: ['incomplete', 'source-guard'],
    changesSource: true,
    plan: (random) => {
      const place = oneOf(random, Object.keys(PLACES));
      let path = '';
      const move = away(place);
      return {
        words: place,
        hit: (stage) => {
          path = PLACES[place]?.(stage.lane.primary.source) ?? '';
          return move(stage);
        },
        undo: ({ primary }) => {
          if (existsSync(join(primary.directory, 'away'))) renameSync(join(primary.directory, 'away'), path);
        },
      };
    },
  },
  {
    name: 'source denied',
    outcomes: ['incomplete', 'source-guard'],
    changesSource: true,
    plan: (random) => {
      const place = oneOf(random, Object.keys(PLACES));
      let path = '';
      let mode = 0;
      return {
        words: place,
        hit: ({ lane: { primary } }) => {
          path = PLACES[place]?.(primary.source) ?? '';
          ({ mode } = statSync(path));
          chmodSync(path, 0);
          return true;
        },
        undo: () => {
          if (path !== '') chmodSync(path, mode & 0o7777);
        },
      };
    },
  },
  {
    name: 'source loses a file',
    outcomes: ['incomplete'],
    changesSource: true,
    plan: () => ({ words: 'the newest dump', hit: ({ lane: { primary } }) => (rmSync(newest(primary.source)), true) }),
  },
];
