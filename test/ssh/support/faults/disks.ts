import { spawnSync } from 'node:child_process';
import { appendFileSync, closeSync, mkdirSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { must } from '../../../support/processes.ts';
import { waitFor } from './stage.ts';
import type { Lane } from './lane.ts';
import { between } from './source.ts';
import type { Fault } from './table.ts';

type Side = 'here' | 'there';

const placeOf = ({ disks }: Lane, side: Side) => {
  if (disks === undefined) throw new Error('This lane has no disks of its own.');
  return disks[side].place;
};
const ballast = (lane: Lane, side: Side) => join(placeOf(lane, side), 'ballast');
const clear = (lane: Lane, side: Side) => rmSync(ballast(lane, side), { recursive: true, force: true });

/** Fills a disk but for some bytes. */
function fill(lane: Lane, side: Side, spare: number): void {
  const { bavail, bsize } = statfsSync(placeOf(lane, side));
  const bytes = bavail * bsize - spare;
  if (bytes > 0) spawnSync('fallocate', ['-l', String(bytes), ballast(lane, side)]);
  if (spare > 0) return;
  try {
    for (;;) appendFileSync(ballast(lane, side), Buffer.alloc(bsize));
  } catch {
    // full
  }
}

/** Uses all inodes but for some. */
function crowd(lane: Lane, side: Side, spare: number): void {
  const files = statfsSync(placeOf(lane, side)).ffree - spare;
  mkdirSync(ballast(lane, side), { recursive: true });
  try {
    for (let n = 1; n < files; n += 1) closeSync(openSync(join(ballast(lane, side), String(n)), 'w'));
  } catch {
    // none left
  }
}

/** Makes a disk read-only, as soon as nobody has a file open for writing. */
const lock = (lane: Lane, side: Side) => mount(lane, side, 'remount,ro');
const unlock = (lane: Lane, side: Side) => mount(lane, side, 'remount,rw');
function mount(lane: Lane, side: Side, options: string): boolean {
  return spawnSync('mount', ['-o', options, placeOf(lane, side)]).status === 0;
}

/** What the kernel does when a disk gives errors: from now on nothing can be written, whoever has files open. Only a new mount ends it. */
function breakDisk(lane: Lane, side: Side): void {
  const device = must('findmnt', '--noheadings', '--output', 'SOURCE', placeOf(lane, side)).trim();
  writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, '1');
}

const NEEDS_ROOT = 'to mount a disk of its own';

function disk(side: Side): Fault[] {
  const outcomes = side === 'there' ? (['secondary-full'] as const) : (['no-space-here'] as const);
  const common = { needsRoot: NEEDS_ROOT, outcomes, forgets: side === 'here' };
  return [
    {
      ...common,
      name: `disk full ${side}`,
      plan: (random) => {
        const spare = random() < 0.5 ? 0 : between(random, 0, 300_000);
        const hit = ({ lane }: { lane: Lane }) => (fill(lane, side, spare), true);
        return { words: `but for ${spare} bytes`, hit, undo: (lane) => clear(lane, side) };
      },
    },
    {
      ...common,
      name: `inodes full ${side}`,
      plan: (random) => {
        const spare = random() < 0.5 ? 0 : between(random, 0, 20);
        const hit = ({ lane }: { lane: Lane }) => (crowd(lane, side, spare), true);
        return { words: `but for ${spare}`, hit, undo: (lane) => clear(lane, side) };
      },
    },
  ];
}

/** What can happen to the disks of both sides. */
export const DISKS: readonly Fault[] = [
  ...disk('there'),
  ...disk('here'),
  {
    name: 'disk read-only there',
    needsRoot: NEEDS_ROOT,
    outcomes: ['refused'],
    plan: () => ({
      words: 'remounted',
      hit: ({ lane, over }) => waitFor(() => lock(lane, 'there'), over),
      undo: (lane) => void unlock(lane, 'there'),
    }),
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
        hit: ({ lane }) => (breakDisk(lane, 'here'), (broken = true)),
        undo: async (lane) => {
          if (broken) await lane.disks?.replaceOwn();
        },
      };
    },
  },
];
