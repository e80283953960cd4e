import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { VerifyMode } from '../../../src/shared/verify-mode.ts';
import fc from '../../support/properties.ts';
import { remember } from './as-it-was.ts';
import { startGateSecondary, type GateSecondary } from './gate-secondary.ts';
import { makePrimary, type Primary } from './primary.ts';
import { listTree } from './tree-listing.ts';
import { recordTree } from './tree-record.ts';

/*
 * Random histories of a small source, sent through a real gate. The names are few, so that they meet: files become directories and
 * links, groups of hard links grow, split and move. Sizes and times are few too, so that they often do not show what has changed.
 */

/** One change of the source; `a` and `b` are paths below it, with a character for each byte. */
interface Change {
  readonly kind: (typeof KINDS)[number];
  readonly a: string;
  readonly b: string;
  /** Content, of few sizes. */
  readonly text: string;
  /** mtime in nanoseconds; undefined: now. */
  readonly time: string | undefined;
}

/** What happens to the source from one run to the next, and how that run is made. */
interface Step {
  readonly changes: readonly Change[];
  /** While the run is on: after the walk, and after the push. */
  readonly atPush: readonly Change[];
  readonly atVerify: readonly Change[];
  readonly mode: VerifyMode;
  readonly exclude: (typeof EXCLUDES)[number];
  /** Whether and when the line of the first push breaks; `after`: when it is complete on the secondary, and this host does not know. */
  readonly breaks: (typeof BREAKS)[number];
  /** Whether the run may try again by itself. */
  readonly retries: boolean;
  /** This host has lost its list of the last snapshot. */
  readonly forgets: boolean;
}

export type History = readonly Step[];

const KINDS = [
  'write', 'overwrite', 'mkdir', 'remove', 'move', 'swap', 'link', 'copy', 'symlink', 'chmod', 'touch',
] as const; // prettier-ignore

const NAMES = ['a', 'b', 'A', 'd', 'd/a', 'd/b', 'd/e', 'd/e/a', 'e', 'e/a', 'e/d', '\xe9', 'a -> b', '.x.AbCdEf'];

const BREAKS = ['never', 'before', 'amid', 'after'] as const;

const EXCLUDES = ['none', 'b', '/d', 'a*'] as const;

/** What is left out, as far as the names go that there are. */
const LEFT_OUT: Readonly<Record<(typeof EXCLUDES)[number], (path: string) => boolean>> = {
  none: () => false,
  b: (path) => /(^|\/)b$/.test(path),
  '/d': (path) => path === 'd',
  'a*': (path) => /(^|\/)a[^/]*$/.test(path),
};

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom(...KINDS),
  a: fc.constantFrom(...NAMES),
  b: fc.constantFrom(...NAMES),
  text: fc.constantFrom('one', 'two', 'three'),
  time: fc.constantFrom(undefined, '1700000000000000000', '1700000000500000000', '1700000001000000000'),
});

const seldom = (changes: fc.Arbitrary<Change[]>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: changes });

const step: fc.Arbitrary<Step> = fc.record({
  changes: fc.array(change, { maxLength: 6 }),
  atPush: seldom(fc.array(change, { minLength: 1, maxLength: 2 })),
  atVerify: seldom(fc.array(change, { minLength: 1, maxLength: 2 })),
  mode: fc.constantFrom('full', 'content', 'changed'),
  exclude: fc.oneof({ weight: 5, arbitrary: fc.constant('none' as const) }, fc.constantFrom(...EXCLUDES)),
  breaks: fc.oneof({ weight: 5, arbitrary: fc.constant('never' as const) }, fc.constantFrom(...BREAKS)),
  retries: fc.boolean(),
  forgets: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, fc.constant(true)),
});

/** Random histories; each begins with a source that has some of everything. */
export const histories: fc.Arbitrary<History> = fc
  .tuple(fc.array(change, { minLength: 10, maxLength: 20 }), fc.array(step, { minLength: 2, maxLength: 5 }))
  .map(([changes, steps]) => [{ ...QUIET, changes }, ...steps]);

/** A step in which nothing happens. */
const QUIET: Step = {
  ...{ changes: [], atPush: [], atVerify: [] },
  ...{ mode: 'full', exclude: 'none', breaks: 'never', retries: true, forgets: false },
};

/** A stage on which one history is played after the other, each from the same beginning. */
export interface Stage {
  /** Throws as soon as a sealed snapshot is not the source, or a run ends otherwise than it may. */
  play(history: History): Promise<void>;
  stop(): Promise<void>;
}

export async function buildStage(): Promise<Stage> {
  const secondary = await startGateSecondary();
  const primary = await makePrimary(secondary, 'db');
  const hooks = join(primary.directory, 'hooks');
  const bin = join(primary.directory, 'bin');
  const kept = join(primary.directory, 'kept');
  for (const directory of [hooks, bin, kept]) mkdirSync(directory);
  writeFileSync(join(bin, 'rsync'), RSYNC, { mode: 0o755 });
  writeFileSync(join(bin, 'player.py'), PLAYER);
  primary.environment.PATH = `${bin}:${primary.environment.PATH}`;
  primary.environment.HOOKS = hooks;
  const restore = remember(kept, [primary.source, primary.state, ...secondary.stores]);
  return {
    play: async (history) => {
      restore();
      await playAll({ primary, secondary, hooks }, history);
    },
    stop: async () => {
      await primary.stop();
      await secondary.stop();
    },
  };
}

interface Scene {
  readonly primary: Primary;
  readonly secondary: GateSecondary;
  readonly hooks: string;
}

async function playAll(scene: Scene, history: History): Promise<void> {
  const { primary, secondary } = scene;
  writeFileSync(join(primary.source, 'keep'), 'always there\n');
  const sealed = new Map<string, string[]>();
  // At the end nothing happens any more, so that the last run must succeed.
  for (const each of [...history, QUIET]) {
    const id = await playStep(scene, each);
    if (id !== undefined) sealed.set(id, recordTree(secondary.path('db', id)));
  }
  for (const [id, record] of sealed) expect(recordTree(secondary.path('db', id)), `${id} afterwards`).toEqual(record);
}

/** @returns the snapshot that was sealed, if one was */
async function playStep({ primary, secondary, hooks }: Scene, played: Step): Promise<string | undefined> {
  const { changes, atPush, atVerify, mode, exclude, breaks, retries, forgets } = played;
  const busy = atPush.length + atVerify.length > 0;
  await primary.configure({
    target: { secondary: 'gate' },
    job: {
      guard: { max_shrink: 'off' },
      retry: { attempts: retries ? 5 : 1, delay: '10ms', max_delay: '10ms' },
      verify: { mode },
      exclude: exclude === 'none' ? [] : [exclude],
    },
  });
  apply(primary, changes);
  if (forgets) rmSync(join(primary.state, 'manifests'), { recursive: true, force: true });
  rmSync(hooks, { recursive: true });
  mkdirSync(hooks);
  for (const [when, those] of Object.entries({ push: atPush, verify: atVerify }))
    if (those.length > 0) writeFileSync(join(hooks, when), wordsOf(primary, those));
  if (breaks !== 'never') writeFileSync(join(hooks, breaks), '');
  const end = await primary.call('run', 'db');
  if ((end.code === 17 || end.code === 12) && !retries) return undefined; // to be tried again by the next run
  expect(end.code, end.stdout + end.stderr).toBe(0);
  const id = (await primary.history()).at(-1)?.snapshot as string;
  // `changed` compares only names, sizes and times of what had not been touched when the source was walked.
  const options = { leftOut: LEFT_OUT[exclude], contents: !(busy && mode === 'changed'), wholeSeconds: true };
  const [stored, there] = [secondary.path('db', id), primary.source].map((directory) => listTree(directory, options));
  expect(stored?.entries, end.stdout + end.stderr).toEqual(there?.entries);
  // Copies that were one file in the basis, and are equal still, may remain one (facts.md#compare-dest-and-hard-links).
  const torn = there?.groups.filter((group) =>
    stored?.groups.every((one) => !group.every((name) => one.includes(name))),
  );
  expect(torn, 'names of one file that are not one').toEqual([]);
  return id;
}

/** What the player reads. */
function wordsOf({ source }: Primary, changes: readonly Change[]): string {
  return JSON.stringify({ source, changes });
}

function apply(primary: Primary, changes: readonly Change[]): void {
  const { status, stderr } = spawnSync('python3', ['-I', '-c', PLAYER], {
    encoding: 'utf8',
    input: wordsOf(primary, changes),
  });
  if (status !== 0) throw new Error(stderr);
}

// Stands before rsync on this host. Once it changes the source when a push begins, breaks that, and changes the source when the
// verification begins.
const RSYNC = `#!/bin/sh
when=other
case " $* " in
  *' --partial '*) when=push; : > "$HOOKS/pushed" ;;
  *' --dry-run '*) [ -e "$HOOKS/pushed" ] && when=verify ;;
esac
if mv "$HOOKS/$when" "$HOOKS/$when.now" 2>/dev/null; then
  python3 -I "\${0%/*}/player.py" < "$HOOKS/$when.now" 2> "$HOOKS/error" || exit 99
fi
if [ $when = push ] && mv "$HOOKS/before" "$HOOKS/broken" 2>/dev/null; then exit 12; fi
if [ $when = push ] && mv "$HOOKS/after" "$HOOKS/broken" 2>/dev/null; then /usr/bin/rsync "$@"; exit 12; fi
if [ $when = push ] && mv "$HOOKS/amid" "$HOOKS/broken" 2>/dev/null; then timeout 0.25 /usr/bin/rsync "$@"; exit 12; fi
exec /usr/bin/rsync "$@"
`;

const PLAYER = `
import json, os, shutil, sys
from time import sleep
play = json.load(sys.stdin)
os.chdir(play['source'])

def clear(name):
    if os.path.isdir(name) and not os.path.islink(name): shutil.rmtree(name)
    elif os.path.lexists(name): os.unlink(name)

def room(name):
    # The directories above it; what is in their way goes.
    parts = name.split(b'/')
    for depth in range(1, len(parts)):
        above = b'/'.join(parts[:depth])
        if os.path.islink(above) or not os.path.isdir(above):
            clear(above)
            os.mkdir(above)

def is_file(name): return os.path.isfile(name) and not os.path.islink(name)
def related(a, b): return (a + b'/').startswith(b + b'/') or (b + b'/').startswith(a + b'/')

def do(kind, a, b, text, time):
    # A directory that gets an entry and is moved within one tick of the clock has no trace of the move.
    if kind in ("move", "swap"): sleep(0.02)
    if kind in ('write', 'overwrite'):
        if kind == 'write' or not is_file(a): clear(a)
        room(a)
        with open(a, 'w') as file: file.write(text)
    elif kind == 'mkdir':
        if not os.path.isdir(a) or os.path.islink(a):
            clear(a)
            room(a)
            os.mkdir(a)
    elif kind == 'remove': clear(a)
    elif kind == 'symlink':
        clear(a)
        room(a)
        os.symlink(b, a)
    elif kind == 'chmod':
        if is_file(a): os.chmod(a, {'one': 0o600, 'two': 0o644}.get(text, 0o755))
    elif kind == 'swap':
        if not related(a, b) and os.path.lexists(a) and os.path.lexists(b):
            os.rename(a, b'between')
            os.rename(b, a)
            os.rename(b'between', b)
        return
    elif kind == 'move':
        if not related(a, b) and os.path.lexists(a):
            clear(b)
            room(b)
            if os.path.lexists(a): os.rename(a, b)
        return
    elif kind in ('link', 'copy'):
        if not related(a, b) and os.path.lexists(a) and (is_file(a) or os.path.islink(a)):
            clear(b)
            room(b)
            if not os.path.lexists(a): return
            if kind == 'link': os.link(a, b, follow_symlinks=False)
            else: shutil.copy2(a, b, follow_symlinks=False)
        return
    if time is not None and os.path.lexists(a): os.utime(a, ns=(int(time), int(time)), follow_symlinks=False)

for each in play['changes']:
    do(each['kind'], each['a'].encode('latin1'), each['b'].encode('latin1'), each['text'], each.get('time'))
`;
