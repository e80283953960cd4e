import { readdirSync, readFileSync, statSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodeOf, type Outcome } from '../../../../src/shared/outcome.ts';
import { descendants, argumentsOf, processesNaming } from '../../../support/processes.ts';
import { until } from '../../../support/until.ts';
import type { Alert, ProgramEnd } from '../primary.ts';
import { recordTree } from '../tree-record.ts';
import type { Lane } from './lane.ts';
import type { Fault } from './table.ts';

/** One line of the history, as far as it is judged here. */
export interface Line {
  readonly run: string;
  readonly outcome: Outcome;
  readonly exitCode: number;
  readonly snapshot: string | null;
}

/** The lines of the history that can be read. */
export function historyOf({ primary }: Lane): Line[] {
  const path = join(primary.state, 'history.jsonl');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Line];
      } catch {
        return [];
      }
    });
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGINT', 'SIGTERM'];

/** Whether this exit code belongs to this outcome. */
function agrees(outcome: Outcome, code: number): boolean {
  return outcome === 'interrupted'
    ? SIGNALS.some((signal) => exitCodeOf(outcome, signal) === code)
    : exitCodeOf(outcome) === code;
}

/** How a run ended, by its line, or else by what people were told; undefined: it was killed, or nobody knows. */
export function outcomeOf({ code }: ProgramEnd, lines: readonly Line[], alerts: readonly Alert[]): Outcome | undefined {
  if (code === null) return undefined;
  return lines.at(-1)?.outcome ?? (alerts[0]?.outcome as Outcome | undefined);
}

/** What is wrong with the end of a run: outcome, exit code, line of the history, alerts. */
export function objectionsToEnd(
  fault: Fault,
  end: ProgramEnd,
  lines: readonly Line[],
  alerts: readonly Alert[],
): string[] {
  const objections: string[] = [];
  const { code } = end;
  const outcome = outcomeOf(end, lines, alerts);
  const [line, ...more] = lines;
  // What is killed after it has told of its success is told as killed too.
  const known = code === null && more.length > 0 && line?.outcome === 'done';
  if (line === undefined && fault.forgets !== true) objections.push('the history has no line of it');
  if (more.length > (known ? 1 : 0)) objections.push(`the history has ${lines.length} lines of it`);
  if (code !== null && outcome === undefined) objections.push(`nobody knows how it ended (exit ${code})`);
  if (code !== null && outcome !== undefined) {
    if (!agrees(outcome, code)) objections.push(`exit ${code}, but ${outcome}`);
    if (line !== undefined && line.exitCode !== code) objections.push(`exit ${code}, but recorded ${line.exitCode}`);
    if (outcome !== 'done' && !fault.outcomes.includes(outcome)) objections.push(`${outcome} is not honest`);
    const { reason = '' } = alerts[0] ?? {};
    if (outcome !== 'done' && fault.reason?.test(reason) === false)
      objections.push(`the reason does not say ${fault.reason}: ${reason}`);
  }
  objections.push(...objectionsToAlerts(known ? alerts.slice(1) : alerts, outcome));
  return objections;
}

/**
 * What is wrong with the alerts of one run: how it ended must be told once; and that it was secured with warnings, once more.
 * @param outcome undefined: it was killed
 */
export function objectionsToAlerts(alerts: readonly Alert[], outcome: Outcome | undefined): string[] {
  const expected = outcome === 'done' ? ['success', 'recovery'] : ['failure'];
  const [main, ...more] = alerts.map(({ event }) => event);
  const allowed = outcome === 'done' ? 1 : 0;
  return main !== undefined &&
    expected.includes(main) &&
    more.length <= allowed &&
    more.every((event) => event === 'warning')
    ? []
    : [`alerts: ${alerts.map(({ event }) => event).join(', ') || 'none'}; expected ${expected.join(' or ')}`];
}

/** The ids of all attempts and snapshots in the directory of the job. */
export function idsOf({ store }: Pick<Lane, 'store'>): Set<string> {
  return new Set(readdirSync(store).flatMap((name) => SNAPSHOT.exec(name)?.[0] ?? []));
}

/** What the gate let in since without having written down its id. @param known ids of before */
export function unrecorded(lane: Pick<Lane, 'store' | 'hostState' | 'job'>, known: ReadonlySet<string>): string[] {
  const { hostState, job } = lane;
  if (hostState === undefined) return [];
  const path = join(hostState, `${job}.attempts.jsonl`);
  const ledger = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return [...idsOf(lane)]
    .filter((id) => !known.has(id) && !ledger.includes(`"${id}"`))
    .map((id) => `${id} was let in, but is not in the ledger`);
}

/** Everything about each sealed snapshot that must never change. */
export async function recordSealed({ secondary, store, job }: Lane): Promise<Map<string, readonly string[]>> {
  const sealed = await secondary.sealed(job);
  const lines = recordTree(store);
  return new Map(sealed.map((id) => [id, lines.filter((line) => line.startsWith(id, "b'/".length))]));
}

/** Which sealed snapshots are no longer as they were. */
export async function changedSince(before: ReadonlyMap<string, readonly string[]>, lane: Lane): Promise<string[]> {
  const now = await recordSealed(lane);
  return [...before].flatMap(([id, lines]) => {
    const left = now.get(id);
    if (left === undefined) return [`${id} is no longer sealed`];
    // A manifest may have been made meanwhile.
    const differ = lines.filter((line) => !left.includes(line));
    return differ.length === 0 ? [] : [`${id} has changed: ${differ.slice(0, 3).join('; ')}`];
  });
}

/** Milliseconds in which everything that was started has to end. */
const PATIENCE = 15_000;

/**
 * What a run has left: processes on both sides, then locks, files in the private directory, temporary files.
 * @param patience milliseconds in which processes may end
 */
export async function leftovers(lane: Lane, patience = PATIENCE): Promise<string[]> {
  const alive = () =>
    [...processesNaming(`${lane.primary.directory}/`), ...descendants(lane.secondary.sshd.pid)].filter(
      (pid) => pid !== 0,
    );
  const left: string[] = [];
  await until(() => alive().length === 0, patience).catch(() => {
    left.push(...alive().map((pid) => `process ${pid}: ${argumentsOf(pid)?.join(' ')}`));
  });
  const { primary, store, hostState } = lane;
  left.push(...readdirSync(join(primary.directory, 'run')).map((name) => `in the private directory: ${name}`));
  const places = [primary.state, store, ...(hostState === undefined ? [] : [hostState])];
  left.push(...places.flatMap(temporaryIn), ...lockedIn([...places, join(store, '..')]));
  return left;
}

/** Names that only exist while something is written. */
const TEMPORARY = /(^|\/)\.[^/]+\.tmp$|\.tmp$|(^|\/)\.[^/]+\.[A-Za-z0-9]{6}$/;

/** Names of finished things, in which names are the source's. */
const SNAPSHOT = /^\d{4}-\d\d-\d\dT\d{6}Z/;

function temporaryIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => TEMPORARY.test(name) && !SNAPSHOT.test(name))
    .map((name) => `temporary: ${join(directory, name)}`);
}

/** One flock(2) in /proc/locks (proc(5)): device, in two hexadecimal numbers, and inode. */
const HELD = /FLOCK +\S+ +WRITE \d+ ([\da-f]+:[\da-f]+:\d+) /g;

function lockedIn(directories: readonly string[]): string[] {
  const held = new Set([...readFileSync('/proc/locks', 'utf8').matchAll(HELD)].map(([, file]) => file));
  const candidates = directories.flatMap((directory) => [
    directory,
    ...readdirSync(directory)
      .filter((name) => name.endsWith('.lock'))
      .map((name) => join(directory, name)),
  ]);
  return candidates.filter((path) => existsSync(path) && held.has(inLocks(path))).map((path) => `locked: ${path}`);
}

/** A file as /proc/locks names it. Each small disk has inodes of the same numbers. */
function inLocks(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  const [major, minor] = [(dev >> 8n) & 0xfffn, (dev & 0xffn) | ((dev >> 12n) & 0xfff00n)];
  return [...[major, minor].map((part) => part.toString(16).padStart(2, '0')), ino].join(':');
}
