import { lstat, lutimes, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { makeDirectories } from '../platform/files.ts';
import type { RunProcess } from '../platform/process.ts';
import { checkArguments, type Tree, type Wire } from '../rsync/arguments.ts';
import { decodeName, type Item } from '../rsync/itemized.ts';
import { runSession, type SessionResult } from '../rsync/session.ts';
import { secondsOf } from '../rsync/mtime.ts';
import { keptInstead } from './time-limits.ts';

/** The times that the secondary stores instead, in seconds since 1970, by the name of the entry as rsync wrote it. */
export type ClampedTimes =
  | { readonly kind: 'found'; readonly kept: ReadonlyMap<string, number> }
  | { readonly kind: 'session-failed'; readonly session: SessionResult };

/** Where to ask. */
export interface ClampedSpec {
  readonly wire: Wire;
  readonly tree: Tree;
  /** A private directory that does not exist yet. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * Finds out which entries have exactly the time that a file system stores for a time that it cannot hold. rsync does not report the
 * secondary's time, only whether it differs. So a tree of placeholders dated at the limit is compared with the snapshot; an entry whose
 * time is not reported as different has the limit. This takes one session for each possible limit, mostly one.
 * @param items entries of which nothing but the mtime differs
 */
export async function findClamped(spec: ClampedSpec, items: readonly Item[], run: RunProcess): Promise<ClampedTimes> {
  const kept = new Map<string, number>();
  for (let turn = 0; ; turn += 1) {
    const trial = new Map<Item, number>();
    for (const item of items) {
      const limit = keptInstead(secondsOf(item.mtime))[turn];
      if (limit !== undefined && !kept.has(item.name)) trial.set(item, limit);
    }
    if (trial.size === 0) return { kind: 'found', kept };
    try {
      const planted = await plantAll(spec, trial);
      const compared = await compare(spec, run);
      if (compared.kind === 'session-failed') return compared;
      for (const [item, limit] of planted) {
        if (bearsSameTime(item, compared.reported.get(item.name))) kept.set(item.name, limit);
      }
    } finally {
      await rm(spec.directory, { recursive: true, force: true });
    }
  }
}

/** A placeholder for a file is always reported, because its size differs. */
function bearsSameTime({ kind }: Item, reported: Item | undefined): boolean {
  if (reported === undefined) return kind !== 'file';
  return !reported.isNew && !reported.differs.includes('t');
}

async function compare(
  { wire, tree, directory, environment, signal }: ClampedSpec,
  run: RunProcess,
): Promise<
  | { readonly kind: 'compared'; readonly reported: ReadonlyMap<string, Item> }
  | { readonly kind: 'session-failed'; readonly session: SessionResult }
> {
  const reported = new Map<string, Item>();
  const session = await runSession(
    {
      args: checkArguments(wire, { ...tree, source: directory, exclude: [] }, { extras: false }),
      mode: 'check',
      environment,
      signal,
      stallMs: wire.stallMs,
      onItem: (item) => void reported.set(item.name, item),
    },
    run,
  );
  return session.verdict.kind === 'ok' ? { kind: 'compared', reported } : { kind: 'session-failed', session };
}

/** Creates placeholders. Returns those that could be created: not every name fits below another directory, nor every time on every disk. */
async function plantAll(spec: ClampedSpec, trial: ReadonlyMap<Item, number>): Promise<ReadonlyMap<Item, number>> {
  await rm(spec.directory, { recursive: true, force: true });
  await makeDirectories(spec.directory);
  const made: (readonly [Item, number])[] = [];
  for (const [item, limit] of trial) if (await succeeds(make(spec, item))) made.push([item, limit]);
  // Only when everything exists: creating an entry changes the time of its directory.
  const planted = new Map<Item, number>();
  for (const [item, limit] of made) if (await succeeds(date(at(spec, item), limit))) planted.set(item, limit);
  return planted;
}

function succeeds(step: Promise<void>): Promise<boolean> {
  return step.then(
    () => true,
    () => false,
  );
}

async function make(spec: ClampedSpec, item: Item): Promise<void> {
  const path = at(spec, item);
  if (item.kind !== 'directory') await makeDirectories(path.subarray(0, path.lastIndexOf(0x2f)));
  switch (item.kind) {
    case 'directory':
      await makeDirectories(path);
      break;
    case 'symlink':
      await symlink(await readlink(below(spec.tree.source, item), 'buffer'), path);
      break;
    case 'file':
      // Of another size than the original, so that neither side reads anything.
      await writeFile(path, item.size === 0 ? '.' : '', { mode: 0o600 });
      break;
    case 'device':
    case 'special':
      throw new Error('never stored: facts.md#special-files');
    default:
      item.kind satisfies never;
  }
}

async function date(path: Buffer, seconds: number): Promise<void> {
  // As a Date: node takes a number before 1970 for the present time.
  const time = new Date(seconds * 1000);
  await lutimes(path, time, time);
  const { mtimeNs } = await lstat(path, { bigint: true });
  if (mtimeNs !== BigInt(seconds) * 1_000_000_000n) throw new Error('this disk does not hold it either');
}

function at({ directory }: ClampedSpec, item: Item): Buffer {
  return below(directory, item);
}

/** A directory's name ends in a slash, which would follow a link. */
function below(directory: string, { name }: Item): Buffer {
  const path = Buffer.concat([Buffer.from(`${directory}/`), decodeName(name)]);
  return path.at(-1) === 0x2f ? path.subarray(0, -1) : path;
}
