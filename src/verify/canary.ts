import { constants, type BigIntStats } from 'node:fs';
import { lstat, open, rm, utimes } from 'node:fs/promises';
import { makeDirectories } from '../platform/files.ts';
import type { RunProcess } from '../platform/process.ts';
import { checkArguments, type Tree, type Wire } from '../rsync/arguments.ts';
import { decodeName } from '../rsync/itemized.ts';
import { runSession, type SessionResult } from '../rsync/session.ts';

/** A regular file of the snapshot that may serve as canary. */
export interface CanaryCandidate {
  /** Path below the source, as rsync wrote it. */
  readonly name: string;
  readonly size: number;
}

/** What the canary showed. */
export type CanaryResult =
  /** The altered copy was reported: verification works. `presence`: no file had content to alter. */
  | { readonly kind: 'seen'; readonly by: 'checksum' | 'presence' }
  /** It was not reported: nothing that this secondary says about differences can be trusted. */
  | { readonly kind: 'blind'; readonly reason: string }
  /** What was compared a moment ago is no longer on the secondary, so verification was not blind. */
  | { readonly kind: 'gone'; readonly reason: string }
  /** All candidates have changed since they were pushed. */
  | { readonly kind: 'unstable' }
  | { readonly kind: 'session-failed'; readonly session: SessionResult };

/** What the canary needs. */
export interface CanarySpec {
  readonly wire: Wire;
  readonly tree: Tree;
  /** Small files of the source, smallest first. */
  readonly candidates: readonly CanaryCandidate[];
  /** A private directory that does not exist yet. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** What to do if the result is `gone`. */
export const WHO_REMOVES =
  'Find out what removes snapshots or files on the secondary while they are written or verified.';

const ABSENT_FILE = '.offsite-rsync-canary';

/**
 * Proves that verification notices differences: it compares an altered copy of one file (same path, size and mtime) with the
 * snapshot, and exactly that one difference must be reported. A secondary with `-no-overwrite` reports nothing (facts.md#a-blind-server).
 */
export async function checkCanary(spec: CanarySpec, run: RunProcess): Promise<CanaryResult> {
  await rm(spec.directory, { recursive: true, force: true });
  await makeDirectories(spec.directory);
  try {
    if (spec.candidates.length === 0) {
      await (await open(`${spec.directory}/${ABSENT_FILE}`, 'wx', 0o600)).close();
      return await compare(spec, run, 'presence');
    }
    for (const candidate of spec.candidates) {
      if (await plant(spec, candidate, run)) return await compare(spec, run, 'checksum');
    }
    return { kind: 'unstable' };
  } finally {
    await rm(spec.directory, { recursive: true, force: true });
  }
}

async function compare(spec: CanarySpec, run: RunProcess, by: 'checksum' | 'presence'): Promise<CanaryResult> {
  const reported: string[] = [];
  const seen = { noSnapshot: false };
  const session = await runSession(
    {
      args: checkArguments(spec.wire, { ...spec.tree, source: spec.directory, exclude: [] }, { extras: false }),
      mode: 'check',
      environment: spec.environment,
      signal: spec.signal,
      stallMs: spec.wire.stallMs,
      onItem: (item) => {
        if (item.isNew && item.name === './') seen.noSnapshot = true;
        if (item.kind !== 'file') return; // directories on the way have times of their own
        reported.push(item.isNew ? 'new' : item.differs.includes('c') ? 'checksum' : 'other');
      },
    },
    run,
  );
  if (session.verdict.kind !== 'ok') return { kind: 'session-failed', session };
  const expected = by === 'checksum' ? 'checksum' : 'new';
  if (!seen.noSnapshot && reported.length === 1 && reported[0] === expected) return { kind: 'seen', by };
  // A secondary that hides differences still reports missing files, so this is no sign of one.
  if (seen.noSnapshot || (reported.length === 1 && reported[0] === 'new')) {
    const what = seen.noSnapshot ? `the snapshot ${spec.tree.id}` : 'a file of it';
    return { kind: 'gone', reason: `${what} has vanished from the secondary since it was compared` };
  }
  const said =
    reported.length === 0 ? 'the secondary reported no difference' : `the secondary reported: ${reported.join(', ')}`;
  return { kind: 'blind', reason: `of one altered file, ${said}; exactly one checksum difference was expected` };
}

/** Puts the altered copy into the canary tree. Returns whether the original is still what was pushed. */
async function plant(spec: CanarySpec, candidate: CanaryCandidate, run: RunProcess): Promise<boolean> {
  const name = decodeName(candidate.name);
  const original = Buffer.concat([Buffer.from(`${spec.tree.source}/`), name]);
  const copy = Buffer.concat([Buffer.from(`${spec.directory}/`), name]);
  const before = await lstat(original, { bigint: true }).catch(() => undefined);
  if (!before?.isFile() || before.size !== BigInt(candidate.size)) return false;
  const first = await firstByte(original);
  if (first === undefined) return false;
  const slash = copy.lastIndexOf(0x2f);
  await makeDirectories(copy.subarray(0, slash));
  const file = await open(copy, 'w', 0o600);
  try {
    // The rest stays a hole: the copy only has to differ, and its first byte does.
    await file.truncate(candidate.size);
    await file.write(Buffer.of(first ^ 0xff), 0, 1, 0);
  } finally {
    await file.close();
  }
  await copyMtime(before, original, copy, run);
  return true;
}

async function firstByte(path: Buffer): Promise<number | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const byte = Buffer.alloc(1);
      return (await file.read(byte, 0, 1, 0)).bytesRead === 1 ? byte[0] : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

// utimes takes a floating point number, which cannot hold nanoseconds; touch(1) copies them, but its arguments must be
// UTF-8. If neither is exact, the mtime differs too, and the checksum is still reported.
async function copyMtime(stat: BigIntStats, original: Buffer, copy: Buffer, run: RunProcess): Promise<void> {
  const [from, to] = [original.toString('utf8'), copy.toString('utf8')];
  if (Buffer.from(from).equals(original)) {
    const end = await run({ program: 'touch', args: ['--reference', from, '--', to], timeoutMs: 10_000 });
    if (end.kind === 'exited' && end.code === 0) return;
  }
  const seconds = Number(stat.mtimeMs) / 1000;
  await utimes(copy, seconds, seconds);
}
