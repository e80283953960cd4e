import { join } from 'node:path';
import { errorCode } from '../../../src/platform/files.ts';
import { readRegularFile } from '../../../src/platform/regular-file.ts';
import { MAX_STORED_SEAL_BYTES, parseSeal, sealName, type StoredSeal } from '../../../src/shared/seal.ts';
import type { SnapshotId } from '../../../src/shared/snapshot-id.ts';
import { formatListing, MOST_LISTED, type ListedJob, type ListedSnapshot } from '../../../src/shared/store-listing.ts';
import { readDamage } from '../../store/damage.ts';
import { readJobDirectory } from '../../store/job-directory.ts';
import { readManifestRecord } from '../../store/manifest-records.ts';
import { readPins } from '../../store/pins.ts';
import { GATE_LOG } from '../../store/places.ts';
import { standingOf } from '../../store/snapshot-state.ts';
import type { LoggedInput } from '../logged-session.ts';
import type { SessionEnd } from '../session-end.ts';
import { jobPathsOf } from '../settings.ts';
import type { ListRequest } from './request.ts';

/** Milliseconds in which a client must have read the answer. */
const LONGEST_WRITE = 120_000;

/** Tells a client with the read key what is stored, as one line of JSON. It opens no snapshot and writes nothing. */
export async function serveList(input: LoggedInput, { job }: ListRequest): Promise<SessionEnd> {
  const { metadata, jobs: configured } = input.settings;
  await input.log({ event: 'accepted' });
  const jobs: ListedJob[] = [];
  for (const each of job === undefined ? configured : [job]) jobs.push(await listJob(input, each));
  const text = formatListing({ metadata, jobs });
  // Whoever does not read the answer must not keep a process here.
  const late = AbortSignal.any([input.signal, AbortSignal.timeout(LONGEST_WRITE)]);
  const written = await new Promise<boolean>((resolve) => {
    late.addEventListener('abort', () => resolve(false), { once: true });
    process.stdout.write(text, () => resolve(true));
  });
  return written ? { kind: 'exit', code: 0 } : { kind: 'broke', reason: 'the list was not read' };
}

async function listJob({ settings, log }: LoggedInput, job: string): Promise<ListedJob> {
  const paths = jobPathsOf(settings, job);
  const problems: string[] = [];
  const { path, states } = await readJobDirectory(paths.snapshots);
  const present = [...states].filter(([id, state]) => standingOf(id, state).directory !== undefined);
  const ids = present.map(([id]) => id).sort();
  const listed = ids.slice(-MOST_LISTED);

  const { pins, damage: lost } = await readPins(paths.pins);
  if (lost !== undefined) problems.push(`it is not known which snapshots are pinned; see ${GATE_LOG} there`);
  const damage = await readDamage(paths).catch(() => undefined);
  if (damage === undefined) problems.push(`it is not known which files are damaged; see ${GATE_LOG} there`);
  if (problems.length > 0) await log({ event: 'failed', job, reason: lost ?? `${paths.damage} cannot be used` });

  const damagedIn = (id: SnapshotId) =>
    damage === undefined || damage.omitted > 0
      ? null
      : damage.entries.filter(({ snapshots }) => snapshots.includes(id)).length;
  const snapshots: ListedSnapshot[] = [];
  for (const id of listed) {
    const seal = states.get(id) === 'sealed' ? await sealIn(path, { id, job }) : undefined;
    if (typeof seal === 'string') problems.push(`the seal of ${id} is ${seal}`);
    const pin = pins.find((each) => each.id === id);
    const stored = typeof seal === 'object' ? seal : undefined;
    snapshots.push({
      ...{ id, sealed: states.get(id) === 'sealed' },
      ...{ finished: stored?.finished ?? null, received: stored?.receipt?.received ?? null },
      verification: stored?.verification.mode ?? null,
      ...{ files: stored?.files ?? null, bytes: stored?.bytes ?? null },
      manifest: (await readManifestRecord(paths, id))?.madeAt ?? null,
      damaged: damagedIn(id),
      pinned: pin === undefined ? null : { why: pin.why, until: pin.until ?? null },
    });
  }
  return { job, snapshots, omitted: ids.length - listed.length, problems };
}

/** @returns the seal, or in words what is wrong with it */
async function sealIn(
  directory: string,
  expected: { readonly id: SnapshotId; readonly job: string },
): Promise<StoredSeal | string> {
  try {
    return parseSeal(await readRegularFile(join(directory, sealName(expected.id)), MAX_STORED_SEAL_BYTES), expected);
  } catch (error) {
    return `unreadable (${errorCode(error) ?? 'it is no file'})`;
  }
}
