import { snapshotTime, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { wordMeant } from '../../src/shared/suggestion.ts';
import type { HostSettings, SecondarySettings } from '../config/settings.ts';
import { unknownName } from '../program/names.ts';
import { hostLock, takeLock } from '../store/locks.ts';
import { hostPlaces, jobPaths } from '../store/places.ts';
import { isDay } from '../../src/shared/iso-time.ts';
import { dayOf, readPins, writePins, type Pin } from '../store/pins.ts';
import type { CommandDeps } from './commands.ts';
import { lookAt } from './look.ts';
import { EXIT } from './exit-codes.ts';
import { describePin } from './pins.ts';
import { checkHostRoot, refuseRoot } from './places.ts';
import type { JobPlan } from './plan.ts';
import { PruneRefusal } from './refusal.ts';

/** Milliseconds to wait for a run of prune: its plan was made without this pin. */
const RUN_WAIT = 20_000;

/** Characters that a reason may have. */
const LONGEST_WHY = 300;

/** Which snapshot is meant, as it was typed. */
export interface PinTarget {
  readonly job: string;
  readonly id: string;
}

/**
 * `offsite-prune pin HOST JOB ID`: keeps a snapshot, whatever the policy says. A pin that it has already is replaced.
 * @returns the exit code
 * @throws PruneRefusal for a snapshot that is not there, a day that is over, an empty reason, and damaged pins
 */
export async function runPin(
  settings: SecondarySettings,
  host: HostSettings,
  request: PinTarget & { readonly until?: string; readonly why: string },
  deps: CommandDeps,
): Promise<number> {
  const { until } = request;
  const why = checkedWhy(request.why);
  if (until !== undefined) checkUntil(until, dayOf(deps.clock.now(), settings.timezone));
  return changePins('pin', settings, host, request.job, deps, ({ decisions }, pins) => {
    const ids = decisions.map(({ snapshot }) => snapshot.id);
    const id = ids.find((candidate) => candidate === request.id);
    if (id === undefined) throw noSuchSnapshot(host.name, request, ids, 'has no sealed snapshot');
    const before = pins.find((pin) => pin.id === id);
    const pin: Pin = { id, why, until, since: deps.clock.now() };
    return {
      pins: [...pins.filter((other) => other !== before), pin].sort((a, b) => (a.id < b.id ? -1 : 1)),
      said: `${id} is ${describePin(pin)}${before ? `\nBefore, it was ${describePin(before)}` : ''}`,
    };
  });
}

/**
 * `offsite-prune unpin HOST JOB ID`: leaves a snapshot to the policy again, even one that is no longer there.
 * @returns the exit code
 * @throws PruneRefusal when it is not pinned
 */
export async function runUnpin(
  settings: SecondarySettings,
  host: HostSettings,
  target: PinTarget,
  deps: CommandDeps,
): Promise<number> {
  return changePins('unpin', settings, host, target.job, deps, (_, pins) => {
    const pin = pins.find(({ id }) => id === target.id);
    const ids = pins.map(({ id }) => id);
    if (!pin) throw noSuchSnapshot(host.name, target, ids, 'has no pinned snapshot');
    return {
      pins: pins.filter((other) => other !== pin),
      said: `${pin.id} is no longer ${describePin(pin)}\nWhat the policy does with it: offsite-prune ${host.name} --dry-run`,
    };
  });
}

type Change = (plan: JobPlan, pins: readonly Pin[]) => { readonly pins: readonly Pin[]; readonly said: string };

async function changePins(
  verb: 'pin' | 'unpin',
  settings: SecondarySettings,
  host: HostSettings,
  name: string,
  deps: CommandDeps,
  change: Change,
): Promise<number> {
  refuseRoot(deps.uid, host, `offsite-prune ${verb} ${host.name} …`);
  const job = host.jobs.get(name);
  if (!job) throw unknownName('job', name, [...host.jobs.keys()], `of ${host.name}`);
  const places = hostPlaces(settings, host.name);
  await checkHostRoot(settings, places, deps.uid);
  const lock = await takeLock(hostLock(places), {
    waitMs: deps.lockWaitMs ?? RUN_WAIT,
    ...(deps.signal ? { signal: deps.signal } : {}),
  });
  if (!lock) {
    deps.log(
      'error',
      `A prune of ${host.name} is running, by a plan that knows nothing of this. Nothing was changed; try again when it has ended.`,
    );
    return EXIT.locked.code;
  }
  try {
    const { plans, faults } = await lookAt(settings, { ...host, jobs: new Map([[name, job]]) }, deps);
    const [plan] = plans;
    if (!plan) throw new PruneRefusal(`${name} cannot be examined: ${faults[0]?.reason ?? 'unknown'}`);
    const path = jobPaths(places, name).pins;
    const { pins, damage } = await readPins(path);
    if (damage !== undefined) {
      throw new PruneRefusal(
        `${damage}. Nothing of ${name} is removed meanwhile. Repair it, or move it away and pin anew.`,
      );
    }
    const changed = change(plan, pins);
    await writePins(path, changed.pins);
    deps.write(`${host.name}/${name} ${changed.said}\n`);
    return EXIT.done.code;
  } finally {
    await lock.release();
  }
}

function checkedWhy(text: string): string {
  const why = text.trim();
  if (why === '') throw new PruneRefusal('--why is empty: say for whoever comes after you why it must be kept.');
  if (/\p{Cc}/u.test(why)) throw new PruneRefusal('--why must be one line of plain text.');
  if (why.length > LONGEST_WHY) throw new PruneRefusal(`--why is longer than ${LONGEST_WHY} characters.`);
  return why;
}

function checkUntil(until: string, today: string): void {
  if (!isDay(until)) {
    throw new PruneRefusal(`--until ${until} is no day: write the last day on which it is kept, such as 2027-03-31.`);
  }
  if (until < today) throw new PruneRefusal(`--until ${until} is in the past: today is ${today}.`);
}

function noSuchSnapshot(host: string, { job, id }: PinTarget, ids: readonly SnapshotId[], none: string): PruneRefusal {
  if (ids.length === 0) return new PruneRefusal(`${host}/${job} ${none}.`);
  return new PruneRefusal(
    `${host}/${job} ${none} ${JSON.stringify(id)}. Did you mean "${nearest(id, ids)}"? All of them: offsite-prune ${host} --dry-run`,
  );
}

/** The id that is closest in time to what was typed, if that begins with a day, or else closest in spelling. */
function nearest(text: string, ids: readonly SnapshotId[]): SnapshotId | undefined {
  const [, day, hour = '00', minute = '00', second = '00'] =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(\d\d)?(\d\d)?)?/.exec(text) ?? [];
  const time = Date.parse(`${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time)) return ids.find((id) => id === wordMeant(text, ids)) ?? ids.at(-1);
  const away = (id: SnapshotId) => Math.abs(snapshotTime(id).getTime() - time);
  return [...ids].sort((a, b) => away(a) - away(b))[0];
}
