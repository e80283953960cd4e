import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Alert, ProgramEnd } from '../primary.ts';
import { differences } from './compare.ts';
import { configure, type Lane } from './lane.ts';
import { changeSource, oneOf, type Random } from './source.ts';
import { anyMoment, reach, type Moment } from './stage.ts';
import type { Fault } from './table.ts';
import {
  changedSince,
  historyOf,
  idsOf,
  leftovers,
  objectionsToAlerts,
  objectionsToEnd,
  outcomeOf,
  recordSealed,
  unrecorded,
} from './verdict.ts';

/** How one run with a fault went. */
export interface Played {
  readonly number: number;
  readonly fault: string;
  readonly moment: Moment;
  /** Whether the fault met something. */
  readonly met: boolean;
  readonly outcome: string;
  /** What is not as it has to be; empty: all is well. */
  readonly objections: readonly string[];
  /** What the two runs said. */
  readonly log: string;
}

/** Plays one run with a fault, and the undisturbed one after it, and judges both. */
export async function play(lane: Lane, fault: Fault, number: number, random: Random): Promise<Played> {
  const { primary } = lane;
  const plan = fault.plan(random);
  const moment = anyMoment(random);
  const ways = {
    attempts: oneOf(random, [1, 3]),
    mode: oneOf(random, ['changed', 'content', 'full'] as const),
    patient: !fault.outcomes.includes('could-not-connect'),
  };
  await changeSource(primary.source, number + 1, random);
  await configure(lane, ways);
  const before = await recordSealed(lane);
  const ids = idsOf(lane);
  const known = new Set(historyOf(lane).map(({ run }) => run));
  plan.before?.(lane);
  asUnit(lane, number);

  const over = new AbortController();
  const running = await primary.start('run', lane.job);
  const ended = () => over.abort();
  running.ended.then(ended, ended);
  const stage = { lane, running, random, moment, over: over.signal };
  const met = (await reach(stage)) && (await plan.hit(stage));
  const end = await running.ended;
  await plan.undo?.(lane);
  const alerts = [...end.alerts];
  // What systemd does next: OnFailure= must tell of what nobody knows, and only of that.
  if (end.code !== 0) alerts.push(...(await onFailure(lane, end)));
  const lines = historyOf(lane).filter(({ run }) => !known.has(run));
  for (const other of plan.others?.() ?? []) for (const list of [lines, alerts]) dropOne(list, other);
  const objections = [...objectionsToEnd(fault, end, lines, alerts), ...(await changedSince(before, lane))];
  if (fault.spoilsLedger !== true) objections.push(...unrecorded(lane, ids));
  const outcome = outcomeOf(end, lines, alerts);
  if (outcome === 'done' && fault.changesSource !== true)
    objections.push(...compared(lane, (await lane.secondary.sealed(lane.job)).at(-1)));
  // What was killed, or has no disk to write to, can tidy nothing up; the next run does.
  const untidy = end.code === null || fault.forgets === true;
  objections.push(...(await leftovers(lane)).filter((what) => !untidy || what.startsWith('process')));

  const sealed = await recordSealed(lane);
  await configure(lane, { ...ways, attempts: 1, patient: true });
  const next = await primary.call('run', lane.job);
  if (next.code !== 0) objections.push(`the next run ended with ${next.code}`);
  else objections.push(...compared(lane, historyOf(lane).at(-1)?.snapshot));
  objections.push(
    ...objectionsToAlerts(next.alerts, 'done'),
    ...(await changedSince(sealed, lane)),
    ...(await leftovers(lane)),
  );
  await lane.tidy();
  await rm(join(primary.state, 'told'), { recursive: true, force: true });
  return {
    number,
    fault: `${fault.name}: ${plan.words}`,
    moment,
    met,
    outcome: outcome ?? 'killed',
    objections,
    log: [end, next]
      .map(({ code, stdout, stderr, alerts: told }) => `exit ${code}\n${stdout}${stderr}${told.map(inWords).join('')}`)
      .join('--- the next run: '),
  };
}

/** Takes the line or alert of another run away. One that began when this one was over has told later. */
function dropOne(list: { readonly outcome?: string }[], outcome: string): void {
  const found = list.filter((one) => one.outcome === outcome);
  const mine = outcome === 'done' ? 1 : 0;
  const last = found[mine];
  if (last !== undefined) list.splice(list.indexOf(last), 1);
}

const inWords = ({ event, subject, reason = '' }: Alert) => `alert ${event}: ${subject}: ${reason}\n`;

function compared({ primary, secondary, job }: Lane, id: string | null | undefined): string[] {
  if (id === null || id === undefined) return ['nothing was sealed'];
  return differences(primary.source, secondary.path(job, id)).map((what) => `${id} is not the source: ${what}`);
}

/** The run is started by systemd. */
function asUnit({ primary }: Lane, number: number): void {
  primary.environment.INVOCATION_ID = (number + 1).toString(16).padStart(32, '0');
}

/** What systemd does when a unit has failed: it starts `OnFailure=`. @returns the alerts of that */
async function onFailure({ primary, job }: Lane, { code }: ProgramEnd): Promise<readonly Alert[]> {
  const { environment } = primary;
  const { INVOCATION_ID: id = '' } = environment;
  const monitor = {
    MONITOR_SERVICE_RESULT: code === null ? 'signal' : 'exit-code',
    MONITOR_EXIT_CODE: code === null ? 'killed' : 'exited',
    MONITOR_EXIT_STATUS: code === null ? 'KILL' : String(code),
    MONITOR_INVOCATION_ID: id,
  };
  Object.assign(environment, monitor, { INVOCATION_ID: 'f'.repeat(32) });
  try {
    return (await primary.call('alert', 'unit', `offsite-rsync@${job}.service`)).alerts;
  } finally {
    for (const name of [...Object.keys(monitor), 'INVOCATION_ID']) Reflect.deleteProperty(environment, name);
  }
}
