import type { Settings } from '../../config/settings.ts';
import { writeMetrics } from '../../insight/metrics-file.ts';
import { readStandings } from '../../insight/read-standings.ts';
import { decideStaleAlert } from '../../insight/stale-decision.ts';
import type { Standing } from '../../insight/standing.ts';
import { deliverAlert } from '../../notify/deliver.ts';
import type { RunFacts } from '../../notify/facts.ts';
import { reachedSomebody } from '../../notify/tellings.ts';
import { errorMessage } from '../../platform/files.ts';
import { alertDeps } from '../../run/finish.ts';
import { OUTCOMES } from '../../shared/outcome.ts';
import { clearStaleNote, loadStaleNote, saveStaleNote } from '../../state/stale-note.ts';
import type { Context } from '../context.ts';

/**
 * The freshness check: sends an alert for every stale job, at once and then daily, and writes the metrics. The run that
 * secures the job again reports the recovery. None of this changes the result of `status`.
 */
export async function alertStale(
  settings: Settings,
  standings: readonly Standing[],
  now: Date,
  context: Context,
): Promise<void> {
  for (const standing of standings) {
    let reached = false;
    try {
      const told = await alertOne(settings, standing, now, context);
      // If nothing is known about a job, people can only have been told that it is stale.
      reached = told && (standing.stale || standing.condition !== 'unknown');
    } catch (error) {
      // A state that cannot be written must not prevent the alert for the next job.
      const name = `${standing.job} → ${standing.target}`;
      context.log('warning', `${name}: the freshness check could not be finished: ${errorMessage(error)}`);
    }
    context.tellings.add({ reached, recorded: true });
  }
  await writeMetrics(settings, context.clock).catch((error: unknown) =>
    context.log('warning', `The metrics file could not be written: ${errorMessage(error)}`),
  );
}

/** @returns false when an alert was due and nobody was reached */
async function alertOne(settings: Settings, standing: Standing, now: Date, context: Context): Promise<boolean> {
  const { stateDirectory } = settings;
  const { job, target } = standing;
  const decision = decideStaleAlert(standing, await loadStaleNote(stateDirectory, job, target), now);
  if (decision.kind === 'clear') await clearStaleNote(stateDirectory, job, target);
  if (decision.kind !== 'tell') return true;
  const { note, reminder } = decision;
  let noted = await saved(() => saveStaleNote(stateDirectory, job, target, note), standing, context);
  // A run first writes its state and then removes the note; we first write the note and then read the state. So if a
  // run ends at this very moment, either it finds the note and reports the recovery, or we find its snapshot and send
  // no alert.
  const [latest] = await readStandings(settings, [standing], now);
  if (latest && !latest.stale) {
    await clearStaleNote(stateDirectory, job, target);
    return true;
  }
  const facts = factsOf(standing, note.told + 1, reminder, now, context.host);
  const deliveries = await deliverAlert(
    facts,
    settings.alerts,
    alertDeps(settings.secretsFile, { ...context, alertSignal: context.hurry }),
  );
  // Nobody was reached, so the next check tries again, not only that of the next day.
  if (!reachedSomebody(deliveries)) return false;
  const told = { ...note, lastTold: now.toISOString(), told: note.told + 1 };
  // A run that ended meanwhile has removed the note and reported the recovery. Then the note must not come back.
  noted &&= (await loadStaleNote(stateDirectory, job, target)) !== undefined;
  if (noted) await saved(() => saveStaleNote(stateDirectory, job, target, told), standing, context);
  return true;
}

/** With a full disk the alert is sent all the same, though then at every check. */
async function saved(save: () => Promise<void>, { job, target }: Standing, context: Context): Promise<boolean> {
  try {
    await save();
    return true;
  } catch (error) {
    context.log('warning', `${job} → ${target}: that people were told could not be recorded: ${errorMessage(error)}`);
    return false;
  }
}

function factsOf(standing: Standing, count: number, reminder: boolean, at: Date, host: string): RunFacts {
  const { job, target, sealed, cause, failing } = standing;
  return {
    kind: 'run',
    event: 'stale',
    at,
    host,
    job,
    target,
    outcome: 'stale',
    failures: 0,
    reason: `${cause}${reminder ? `. This is alert number ${count} about it` : ''}`,
    lastSealed: sealed?.id,
    notProtectedSince: sealed ? new Date(sealed.started) : undefined,
    // A failing run knows best what to do. If none failed, none was even started.
    advice: failing ? OUTCOMES[failing.outcome].advice : undefined,
    failingSince: failing ? new Date(failing.since) : undefined,
  };
}
