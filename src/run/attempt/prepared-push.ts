import type { SessionVerdict } from '../../rsync/exit.ts';
import { decodeName } from '../../rsync/itemized.ts';
import type { SessionResult } from '../../rsync/session.ts';
import { absentSnapshot, damagedBasis } from '../../shared/gate-words.ts';
import type { SnapshotId } from '../../shared/snapshot-id.ts';
import { failed, type Failed } from './attempt-result.ts';
import type { AttemptDeps, AttemptSpec } from './attempt-spec.ts';
import { sendNotes, writeList } from './notes.ts';
import { isRefused, leftByAttempt, onlyThere } from './only-there.ts';
import { push, writePatterns, type Pushed, type PushPlan } from './push.ts';
import { sessionFailure, whileBusy } from './session.ts';

/** A push that was begun, or why it could not be. */
export type PreparedPush =
  | {
      readonly kind: 'pushed';
      readonly pushed: Pushed;
      /** The basis that the secondary does not have, or that could not be used. */
      readonly missed: SnapshotId | undefined;
      /** The basis in which the secondary has found damage, so that everything was compared by checksum. */
      readonly damaged?: SnapshotId | undefined;
    }
  | Failed;

/**
 * Tells the gate what it has to know beforehand, and pushes; without the last snapshot where that is not there any more, and by checksum
 * where the secondary knows that it is damaged.
 */
export async function preparedPush(spec: AttemptSpec, deps: AttemptDeps): Promise<PreparedPush> {
  const [damaged] = spec.bases;
  const sent = await pushOnto(spec, deps);
  if (sent.kind === 'failed' || damaged === undefined || !isRefused(sent.pushed.session, damagedBasis(damaged)))
    return sent;
  const again = await pushOnto({ ...spec, distrustBases: true }, deps);
  return again.kind === 'failed' ? again : { ...again, damaged };
}

async function pushOnto(spec: AttemptSpec, deps: AttemptDeps): Promise<PreparedPush> {
  const prepared = await prepare(spec, deps);
  if (prepared.kind === 'failed') return prepared;
  const pushed = prepared.kind === 'no-basis' ? undefined : await pushWith(spec, prepared.options, deps);
  if (pushed !== undefined && !isWithoutBasis(spec, pushed.session))
    return { kind: 'pushed', pushed, missed: undefined };
  const [missed, ...others] = spec.bases;
  const alone: AttemptSpec = { ...spec, bases: others, source: { ...spec.source, survey: undefined } };
  const again = await prepare(alone, deps);
  if (again.kind === 'failed') return again;
  if (again.kind === 'no-basis') return failed({ outcome: 'internal-error', reason: again.kind }, { kind: 'nothing' });
  return { kind: 'pushed', pushed: await pushWith(alone, again.options, deps), missed };
}

type Prepared = { readonly kind: 'ready'; readonly options: PushPlan } | { readonly kind: 'no-basis' } | Failed;

async function prepare(spec: AttemptSpec, deps: AttemptDeps): Promise<Prepared> {
  const { transfer, bases, unchanged, distrustBases: checksum } = spec;
  const { survey } = spec.source;
  const left = await leftByAttempt(spec, deps);
  if (left.kind === 'unknown') return prepare(beganAnew(spec), deps);
  if (left.kind === 'failed') return sessionFailed(left.verdict, spec);
  const ready = { transfer, bases, unchanged, checksum, dryRun: false, linksInNotes: survey !== undefined } as const;
  let gone = survey?.gone;
  if (survey !== undefined && gone === undefined) {
    const [basis = spec.tree.id] = bases;
    const found = await onlyThere(basis, spec, deps);
    if (isWithoutBasis(spec, found.session)) return { kind: 'no-basis' };
    if (found.session.verdict.kind !== 'ok') return sessionFailed(found.session.verdict, spec);
    gone = found.names;
  }
  const list = checksum ? undefined : survey?.list;
  if (survey !== undefined && survey.groups === undefined) return { kind: 'no-basis' };
  const groups = groupsFor(spec, list !== undefined);
  const notes = { gone: [...new Set([...(gone ?? []), ...left.names])], groups: groups.noted };
  const sent = await whileBusy(
    () => sendNotes(spec, notes, deps),
    (result) => (result.kind === 'sent' ? result.session.verdict : { kind: 'ok' }),
    spec,
    deps,
  );
  if (sent.kind === 'too-large' && left.names.length > 0) return prepare(beganAnew(spec), deps);
  if (sent.kind === 'too-large' && survey !== undefined) return { kind: 'no-basis' };
  if (sent.kind === 'sent' && sent.session.verdict.kind !== 'ok') return sessionFailed(sent.session.verdict, spec);
  if (list === undefined) return { kind: 'ready', options: { ...ready, list: undefined } };
  const file = `${spec.directory}/list`;
  await writeList(file, list.names);
  const aside = await writeAside(`${spec.directory}/aside`, groups.aside);
  return { kind: 'ready', options: { ...ready, list: { ...list, file }, ...(aside === undefined ? {} : { aside }) } };
}

/** Names in groups that are worth noting again; the gate looks each of them up. */
const MOST_NOTED_AGAIN = 500_000;

/** Which names of one file the gate is told of, and which of them are set aside. */
function groupsFor({ wire, source: { survey }, continues }: AttemptSpec, withList: boolean) {
  const { all, onList } = (wire.hardLinks ? survey?.groups : undefined) ?? { all: [], onList: [] };
  // A gate that was killed may have left copies of files that had too many names, so what has not changed may be in two there.
  const again = continues.length > 0 && all.reduce((sum, { length }) => sum + length, 0) <= MOST_NOTED_AGAIN;
  return { noted: withList && !again ? onList : all, aside: onList };
}

/** As an attempt that does not go on in what another left. */
function beganAnew(spec: AttemptSpec): AttemptSpec {
  return { ...spec, bases: spec.bases.filter((basis) => !spec.continues.includes(basis)), continues: [] };
}

/** More names than this are sent as files of their own, since rsync compares each name of the top level with each pattern. */
const MOST_ASIDE = 1000;

/** A list brings all names of the top level along. Further names of one file are linked by the gate, so they need not be sent. */
async function writeAside(path: string, groups: readonly (readonly string[])[]): Promise<string | undefined> {
  const names = groups.flatMap(([, ...others]) => others).filter((name) => !name.includes('/'));
  if (names.length === 0 || names.length > MOST_ASIDE) return undefined;
  await writePatterns(path, names.map(decodeName));
  return path;
}

function pushWith(spec: AttemptSpec, options: PushPlan, deps: AttemptDeps): Promise<Pushed> {
  return whileBusy(
    () => push(spec, options, deps),
    ({ session }) => session.verdict,
    spec,
    deps,
  );
}

function isWithoutBasis({ bases: [basis] }: AttemptSpec, session: SessionResult): boolean {
  return basis !== undefined && isRefused(session, absentSnapshot(basis));
}

function sessionFailed(verdict: SessionVerdict, { signal }: AttemptSpec): Failed {
  return failed(sessionFailure(verdict, signal).why, { kind: 'nothing' });
}
