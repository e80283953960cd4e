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
 * The freshness check: tells people of every stale job, once and then daily, and writes the metrics. The recovery is
 * told by the run that secures the job again. Nothing in here changes what `status` answers.
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
      // Of a job of which nothing is known, only that it is stale can have been told.
      reached = told && (standing.stale || standing.condition !== 'unknown');
    } catch (error) {
      // A state that cannot be written must not keep the next job from being told.
      const name = `${standing.job} → ${standing.target}`;
      context.log('warning', `${name}: the freshness check could not be finished: ${errorMessage(error)}`);
    }
    context.tellings.add({ reached, recorded: true });
  }
  await writeMetrics(settings, context.clock).catch((error: unknown) =>
    context.log('warning', `The metrics file could not be written: ${errorMessage(error)}`),
  );
}

/** @returns false when people are to be told, and nobody was reached */
async function alertOne(settings: Settings, standing: Standing, now: Date, context: Context): Promise<boolean> {
  const { stateDirectory } = settings;
  const { job, target } = standing;
  const decision = decideStaleAlert(standing, await loadStaleNote(stateDirectory, job, target), now);
  if (decision.kind === 'clear') await clearStaleNote(stateDirectory, job, target);
  if (decision.kind !== 'tell') return true;
  const { note, reminder } = decision;
  let noted = await saved(() => saveStaleNote(stateDirectory, job, target, note), standing, context);
  // A run writes its state, then takes the note away; we write the note, then read the state. So if a run ends at this
  // very moment, either it finds the note and tells the recovery, or we find its snapshot and stay quiet.
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
  // Nobody was reached: the next check tries again, not the next day's.
  if (!reachedSomebody(deliveries)) return false;
  const told = { ...note, lastTold: now.toISOString(), told: note.told + 1 };
  // A run may have ended while we told: it has taken the note away and told the recovery, so none may stand again.
  noted &&= (await loadStaleNote(stateDirectory, job, target)) !== undefined;
  if (noted) await saved(() => saveStaleNote(stateDirectory, job, target, told), standing, context);
  return true;
}

/** On a full disk people are told all the same, though then at every check. */
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
    reason: `${cause}${reminder ? `. This is told for the ${count}. time` : ''}`,
    lastSealed: sealed?.id,
    notProtectedSince: sealed ? new Date(sealed.started) : undefined,
    // Runs that fail say best what is to be done; otherwise one did not even start.
    advice: failing ? OUTCOMES[failing.outcome].advice : undefined,
    failingSince: failing ? new Date(failing.since) : undefined,
  };
}
