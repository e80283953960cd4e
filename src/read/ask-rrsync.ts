import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessEnd } from '../platform/process.ts';
import { judgeSession } from '../rsync/exit.ts';
import { parseEntry, type ListedEntry } from '../rsync/listing.ts';
import { lineOptions } from '../rsync/reading.ts';
import { interruptionOf } from '../run/failure.ts';
import { isName } from '../shared/names.ts';
import { MAX_STORED_SEAL_BYTES, parseSeal, SEALED, sealName } from '../shared/seal.ts';
import { parseSnapshotId } from '../shared/snapshot-id.ts';
import { parseGateLine } from '../shared/gate-words.ts';
import type { ListedJob, ListedSnapshot, StoreListing } from '../shared/store-listing.ts';
import type { Asking } from './open-secondary.ts';
import { ReadError } from './snapshot-source.ts';

/**
 * Finds out what is stored behind a plain `rrsync -ro`, where nobody can be asked: the names of directories, and the seals. Damage and pins
 * lie where this key does not come.
 * @throws ReadError
 */
export async function askRrsync(asking: Asking, metadata: StoreListing['metadata']): Promise<StoreListing> {
  const names = asking.job === undefined ? await jobsIn(asking) : [asking.job];
  const seals = join(asking.directory, 'seals');
  const jobs: ListedJob[] = [];
  for (const job of names) {
    const directories = await entriesIn(asking, `/${job}/`, ({ kind }) => kind === 'directory');
    const present = new Set(directories.flatMap((name) => parseSnapshotId(name) ?? []));
    await mkdir(seals, { mode: 0o700 });
    try {
      await fetchSeals(asking, job, seals);
      const problems: string[] = [];
      const snapshots: ListedSnapshot[] = [];
      for (const id of [...present].sort()) snapshots.push(await readOne(seals, job, id, problems));
      jobs.push({ job, snapshots, omitted: 0, problems });
    } finally {
      await rm(seals, { recursive: true, force: true });
    }
  }
  return { metadata, jobs };
}

async function jobsIn(asking: Asking): Promise<string[]> {
  return (await entriesIn(asking, '/', ({ kind }) => kind === 'directory')).filter(isName).sort();
}

/** The names of what is in a directory there. */
async function entriesIn(asking: Asking, place: string, wanted: (entry: ListedEntry) => boolean): Promise<string[]> {
  const names: string[] = [];
  await rsync(asking, ['--list-only', '--dirs', '--no-human-readable', `${asking.alias}:${place}`], (line) => {
    const entry = parseEntry(line);
    if (entry !== undefined && wanted(entry)) names.push(entry.name);
  });
  return names;
}

async function fetchSeals(asking: Asking, job: string, directory: string): Promise<void> {
  const filters = [`--include=/*${SEALED}`, '--exclude=*', `--max-size=${MAX_STORED_SEAL_BYTES}`];
  await rsync(asking, ['--recursive', ...filters, `${asking.alias}:/${job}/`, `${directory}/`]);
}

async function readOne(
  seals: string,
  job: string,
  id: ListedSnapshot['id'],
  problems: string[],
): Promise<ListedSnapshot> {
  const text = await readFile(join(seals, sealName(id)), 'utf8').catch(() => undefined);
  const seal = text === undefined ? undefined : parseSeal(text, { id, job });
  if (typeof seal === 'string') problems.push(`the seal of ${id} is ${seal}`);
  const stored = typeof seal === 'object' ? seal : undefined;
  return {
    ...{ id, sealed: stored !== undefined, finished: stored?.finished ?? null, received: null },
    ...{ verification: stored?.verification.mode ?? null, files: stored?.files ?? null, bytes: stored?.bytes ?? null },
    ...{ manifest: null, damaged: null, pinned: null },
  };
}

async function rsync(asking: Asking, args: readonly string[], onStdoutLine?: (line: string) => void): Promise<void> {
  const { wire, environment, signal, stallMs, runProcess } = asking;
  const end = await runProcess({
    program: 'rsync',
    args: [...lineOptions(wire), ...args],
    env: environment,
    ...{ signal, stallMs },
    ...(onStdoutLine === undefined ? {} : { onStdoutLine }),
  });
  judge(end, asking);
}

function judge(end: ProcessEnd, { alias, signal }: Asking): void {
  const verdict = judgeSession(end);
  if (verdict.kind === 'ok') return;
  if (verdict.kind === 'aborted') throw new ReadError(interruptionOf(signal));
  if (end.kind !== 'not-started' && parseGateLine(end.stderrTail) !== undefined) {
    throw new ReadError({
      outcome: 'refused',
      reason: `the target ${alias} says \`secondary: rrsync\`, but the gate answers there`,
      advice: 'Leave that line out of the target.',
    });
  }
  const outcome = verdict.kind === 'busy' ? 'connection-lost' : verdict.outcome;
  throw new ReadError({ outcome, reason: verdict.reason });
}
