import { spawnSync } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { must } from '../../../support/processes.ts';
import { waitFor } from './stage.ts';
import type { Lane } from './lane.ts';
import type { Disks } from './lane-disks.ts';
import { between } from './source.ts';
import type { Fault } from './table.ts';

type Side = Exclude<keyof Disks, 'replace'>;

const placeOf = ({ disks }: Lane, side: Side) => {
  const disk = disks?.[side];
  if (disk === undefined) throw new Error('This lane has no such disk of its own.');
  return disk.place;
};
const ballast = (place: string) => join(place, 'ballast');

/** Makes room again. @param place where a disk is mounted */
export const clear = (place: string): void => rmSync(ballast(place), { recursive: true, force: true });

/** Fills a disk but for some bytes. */
export function fill(place: string, spare: number): void {
  const { bavail, bsize } = statfsSync(place);
  const bytes = bavail * bsize - spare;
  if (bytes > 0) spawnSync('fallocate', ['-l', String(bytes), ballast(place)]);
  if (spare > 0) return;
  try {
    for (;;) appendFileSync(ballast(place), Buffer.alloc(bsize));
  } catch {
    // full
  }
}

/** Uses all inodes but for some. */
export function crowd(place: string, spare: number): void {
  const files = statfsSync(place).ffree - spare;
  mkdirSync(ballast(place), { recursive: true });
  try {
    for (let n = 1; n < files; n += 1) closeSync(openSync(join(ballast(place), String(n)), 'w'));
  } catch {
    // none left
  }
}

/** Makes a disk read-only, as soon as nobody has a file open for writing. */
export const lock = (place: string): boolean => mount(place, 'remount,ro');

/** Ends {@link lock}. */
export const unlock = (place: string): boolean => mount(place, 'remount,rw');

function mount(place: string, options: string): boolean {
  return spawnSync('mount', ['-o', options, place]).status === 0;
}

/** What the kernel does when a disk gives errors: from now on nothing can be written, whoever has files open. Only a new mount ends it. */
function breakDisk(place: string): void {
  const device = must('findmnt', '--noheadings', '--output', 'SOURCE', place).trim();
  writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, '1');
}

const NEEDS_ROOT = 'to mount a disk of its own';

/** What is on each of the disks, in the name of a fault. */
const NAMES: Readonly<Record<Side, string>> = { here: 'here', there: 'there', state: 'of the gate’s state' };

function disk(side: Side): Fault[] {
  const outcomes = side === 'here' ? (['no-space-here'] as const) : (['secondary-full'] as const);
  const common = {
    needsRoot: NEEDS_ROOT,
    outcomes,
    forgets: side === 'here',
    ...(side === 'state' ? { only: 'gate' as const, reason: /no space: |: No space left on device/ } : {}),
  };
  return [
    {
      ...common,
      name: `disk full ${NAMES[side]}`,
      plan: (random) => {
        const spare = random() < 0.5 ? 0 : between(random, 0, 300_000);
        const hit = ({ lane }: { lane: Lane }) => (fill(placeOf(lane, side), spare), true);
        return { words: `but for ${spare} bytes`, hit, undo: (lane) => clear(placeOf(lane, side)) };
      },
    },
    {
      ...common,
      name: `inodes full ${NAMES[side]}`,
      plan: (random) => {
        const spare = random() < 0.5 ? 0 : between(random, 0, 20);
        const hit = ({ lane }: { lane: Lane }) => (crowd(placeOf(lane, side), spare), true);
        return { words: `but for ${spare}`, hit, undo: (lane) => clear(placeOf(lane, side)) };
      },
    },
  ];
}

/** What can happen to the disks of both sides. */
export const DISKS: readonly Fault[] = [
  ...disk('there'),
  ...disk('state'),
  ...disk('here'),
  {
    name: 'disk read-only there',
    needsRoot: NEEDS_ROOT,
    outcomes: ['refused'],
    plan: () => ({
      words: 'remounted',
      hit: ({ lane, over }) => waitFor(() => lock(placeOf(lane, 'there')), over),
      undo: (lane) => void unlock(placeOf(lane, 'there')),
    }),
  },
  {
    name: `disk read-only ${NAMES.state}`,
    only: 'gate',
    needsRoot: NEEDS_ROOT,
    outcomes: ['refused'],
    reason: /read-only/i,
    plan: (random) => {
      let broken = false;
      // While a session lasts, its lock is open for writing.
      if (random() < 0.5)
        return {
          words: 'remounted',
          hit: ({ lane, over }) => waitFor(() => lock(placeOf(lane, 'state')), over),
          undo: (lane) => void unlock(placeOf(lane, 'state')),
        };
      return {
        words: 'after an error',
        hit: ({ lane }) => (breakDisk(placeOf(lane, 'state')), (broken = true)),
        undo: async (lane) => {
          if (broken) await lane.disks?.replace('state');
        },
      };
    },
  },
  {
    name: 'disk read-only here',
    needsRoot: NEEDS_ROOT,
    outcomes: ['usage'],
    forgets: true,
    plan: () => {
      let broken = false;
      return {
        words: 'after an error',
        hit: ({ lane }) => (breakDisk(placeOf(lane, 'here')), (broken = true)),
        undo: async (lane) => {
          if (broken) await lane.disks?.replace('here');
        },
      };
    },
  },
];
