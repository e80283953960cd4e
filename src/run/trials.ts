import { chmod, mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectories } from '../platform/files.ts';
import { checkArguments, pushArguments } from '../rsync/arguments.ts';
import { runSession, type SessionResult } from '../rsync/session.ts';
import { IDENTITY_LINE, parseGateLine } from '../shared/gate-words.ts';
import { SELFTEST_JOB } from '../shared/names.ts';
import type { SnapshotId } from '../shared/snapshot-id.ts';
import { remoteShell, sessionEnvironment } from '../ssh/connection.ts';
import type { AttemptPlan } from './attempt/attempts.ts';
import { sessionFailure, whileBusy } from './attempt/session.ts';
import type { RunDeps } from './request.ts';

/** What must not work with the key of a transfer, in the order in which it is tried. */
export const FORBIDDEN = {
  shell: 'a command of its own',
  reading: 'reading what is stored',
  escaping: 'leaving its directory',
  forwarding: 'forwarding a port',
  overwriting: 'overwriting a file',
  modes: 'changing a mode',
  deleting: 'deleting a file',
} as const;

/** One thing that was tried. */
export interface Trial {
  readonly what: keyof typeof FORBIDDEN;
  /** `untried`: it needs something that could not be made there. */
  readonly result: 'refused' | 'allowed' | 'untried';
  /** What answered, or why it was not tried. */
  readonly text: string;
  /** Of the attempt to get a shell: what a gate says of itself, and how far its clock is ahead of ours, in milliseconds. */
  readonly gate?: { readonly version: string; readonly aheadMs: number };
}

type Result = Omit<Trial, 'what'>;

/** A file for each change, so that none shows in place of another. */
const CHANGED = ['overwriting', 'modes', 'deleting'] as const satisfies readonly Trial['what'][];

/** When they were changed last, so that what is sent and compared is the same. */
const THEN = new Date('2001-02-03T04:05:06Z');

const CONTENT = 'What doctor has sent to try what may be done to it.\n';

/** Printed by the other side if it runs what it is told. */
const MARK = 'offsite-rsync-has-a-shell';

const LONGEST = 20_000;

/**
 * Tries with the live key what must not work with it. What is to be overwritten and deleted is an attempt of its own, in a job that no
 * configuration has, which is never sealed: nothing that is stored is in danger, whatever the other side allows.
 * @param id of that attempt, not used yet
 */
export async function tryWhatMustNotWork(plan: AttemptPlan, id: SnapshotId, deps: RunDeps): Promise<Trial[]> {
  const directory = join(plan.directory, 'trials');
  await makeDirectories(directory);
  try {
    const scratch = await pushScratch({ plan, id, directory, deps });
    const results: Readonly<Record<Trial['what'], () => Promise<Result>>> = {
      shell: () => tryShell(plan, deps),
      reading: () => trySession(['--list-only', '--recursive', ...shell(plan), `${plan.wire.alias}:./`], plan, deps),
      escaping: () =>
        trySession(
          ['--recursive', '--dry-run', ...shell(plan), `${directory}/`, `${plan.wire.alias}:../escaped/`],
          plan,
          deps,
        ),
      forwarding: () => tryForwarding(plan, deps),
      overwriting: () => scratch('overwriting', async (path) => writeFile(path, `Something else. ${CONTENT}`)),
      modes: () => scratch('modes', async (path) => chmod(path, 0o777)),
      deleting: () => scratch('deleting', async (path) => rm(path), ['--delete']),
    };
    const trials: Trial[] = [];
    for (const what of Object.keys(FORBIDDEN) as Trial['what'][]) {
      if (plan.signal.aborted) break;
      trials.push({ what, ...(await results[what]()) });
    }
    return trials;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function tryShell({ directory, wire, signal }: AttemptPlan, { runProcess, clock }: RunDeps): Promise<Result> {
  const [program = 'ssh', ...words] = remoteShell(directory);
  const seen = { mark: false };
  const asked = clock.now().getTime();
  const end = await runProcess({
    program,
    args: [...words, wire.alias, `echo ${MARK}`],
    env: sessionEnvironment(),
    signal,
    timeoutMs: LONGEST,
    onStdoutLine: (line) => (seen.mark ||= line.includes(MARK)),
  });
  if (seen.mark) return { result: 'allowed', text: 'it ran what it was told' };
  const stderr = 'stderrTail' in end ? end.stderrTail : '';
  const gate = IDENTITY_LINE.read(stderr);
  const text = parseGateLine(stderr)?.reason ?? lastLine(end);
  if (gate === undefined) return { result: 'refused', text };
  // It answered at some time between the question and now.
  const aheadMs = Math.round(gate.time.getTime() - (asked + clock.now().getTime()) / 2);
  return { result: 'refused', text, gate: { version: gate.version, aheadMs } };
}

/** Over the connection that the sessions share, ssh does not say why a port was not opened. */
const OWN_CONNECTION = [
  '-o',
  'ControlMaster=no',
  '-o',
  'ControlPath=none',
  '-o',
  'BatchMode=yes',
  '-o',
  'LogLevel=INFO',
];

/** A port of the secondary itself, on which nothing listens: whether the connection is let in is all that matters. */
async function tryForwarding({ directory, wire, signal }: AttemptPlan, { runProcess }: RunDeps): Promise<Result> {
  const [program = 'ssh', ...words] = remoteShell(directory);
  const said: string[] = [];
  await runProcess({
    program,
    args: [...words, ...OWN_CONNECTION, '-W', '127.0.0.1:1', wire.alias],
    env: sessionEnvironment(),
    signal,
    timeoutMs: LONGEST,
    onStderrLine: (line) => said.push(line),
  });
  const text = said.join('; ');
  if (/prohibited/i.test(text)) return { result: 'refused', text };
  return /connect failed/i.test(text) ? { result: 'allowed', text } : { result: 'untried', text };
}

async function trySession(args: readonly string[], plan: AttemptPlan, deps: RunDeps): Promise<Result> {
  const session = await inSession(args, plan, deps);
  if (session.verdict.kind === 'ok') return { result: 'allowed', text: 'it was let in' };
  return { result: isRefused(session) ? 'refused' : 'untried', text: reasonOf(session, plan) };
}

interface Scratch {
  readonly plan: AttemptPlan;
  readonly id: SnapshotId;
  readonly directory: string;
  readonly deps: RunDeps;
}

/** Sends the attempt on which the rest is tried. @returns what tries one change of it */
async function pushScratch({ plan, id, directory, deps }: Scratch) {
  const at = (name: string) => join(directory, name);
  const fill = async (place: string) => {
    await rm(at(place), { recursive: true, force: true });
    await mkdir(at(place), { mode: 0o700 });
    for (const name of CHANGED) {
      await writeFile(join(at(place), name), CONTENT, { mode: 0o600 });
      await utimes(join(at(place), name), THEN, THEN);
    }
  };
  await fill('sent');
  const tree = (place: string) => ({ source: at(place), job: SELFTEST_JOB, id, exclude: [] });
  const options = {
    ...{ transfer: { bandwidthLimit: undefined, fuzzy: false }, bases: [], linksInNotes: false, list: undefined },
    ...{ unchanged: 'copy' as const, dryRun: false, checksum: false, progress: false },
  } as const;
  const sent = await inSession(pushArguments(plan.wire, tree('sent'), options), plan, deps);
  return async (
    what: (typeof CHANGED)[number],
    change: (path: string) => Promise<unknown>,
    more: readonly string[] = [],
  ): Promise<Result> => {
    if (sent.verdict.kind !== 'ok') return { result: 'untried', text: reasonOf(sent, plan) };
    await fill('changed');
    await change(join(at('changed'), what));
    // Without what protects it on a plain secondary: whoever has the key leaves that out.
    const args = pushArguments(plan.wire, tree('changed'), options).filter((word) => word !== '--ignore-existing');
    const session = await inSession([...more, ...args], plan, deps);
    const differs = await differsIn(what);
    if (differs === true) return { result: 'allowed', text: 'afterwards it was not as it had been sent' };
    if (differs === false) return { result: 'refused', text: reasonOf(session, plan) || 'it had no effect' };
    // Behind the gate the attempt is closed by then, so it can no longer be compared.
    return isRefused(session)
      ? { result: 'refused', text: reasonOf(session, plan) }
      : { result: 'untried', text: 'what had become of it could not be compared' };
  };

  /** Undefined where it cannot be compared. */
  async function differsIn(what: string): Promise<boolean | undefined> {
    let found = false;
    const args = checkArguments(plan.verifyWire, tree('sent'), { extras: false });
    const session = await inSession(args, plan, deps, (name) => (found ||= name === what));
    return session.verdict.kind === 'ok' ? found : undefined;
  }
}

function inSession(
  args: readonly string[],
  plan: AttemptPlan,
  deps: RunDeps,
  onName: (name: string) => void = () => undefined,
): Promise<SessionResult> {
  const { signal, wire } = plan;
  const spec = {
    ...{ args, mode: 'check' as const, environment: sessionEnvironment(), signal, stallMs: wire.stallMs },
    onItem: ({ name }: { readonly name: string }) => onName(name),
  } as const;
  return whileBusy(
    () => runSession(spec, deps.runProcess),
    ({ verdict }) => verdict,
    plan,
    deps,
  );
}

function shell({ wire }: AttemptPlan): string[] {
  return ['-e', wire.remoteShell.join(' '), `--timeout=${wire.timeoutSeconds}`];
}

/** Whether the other side has said no. A line that broke, or a disk that is full, says nothing of what may be done. */
function isRefused({ verdict }: SessionResult): boolean {
  return verdict.kind === 'failed' && verdict.outcome === 'refused';
}

function reasonOf({ verdict }: SessionResult, { signal }: AttemptPlan): string {
  return verdict.kind === 'ok' ? '' : sessionFailure(verdict, signal).why.reason;
}

function lastLine(end: { readonly kind: string; readonly stderrTail?: string }): string {
  return end.stderrTail?.trim().split('\n').at(-1) ?? end.kind;
}
