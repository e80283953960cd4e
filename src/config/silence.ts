import { ALERT_EVENTS, type AlertEvent } from '../notify/events.ts';
import type { Settings } from './settings.ts';

/** Events that somebody must hear of, and what goes unheard otherwise. */
const MUST_BE_HEARD: Partial<Record<AlertEvent, string>> = {
  failure: 'a run that fails',
  stale: 'a backup that is missing',
};

/**
 * What a valid configuration can do so that a missing backup goes unnoticed: jobs for which no snapshot is ever due,
 * and alerts that reach nobody. Each is a sentence for people, with what to do about it.
 */
export function silences({ jobs, alerts }: Settings): string[] {
  const unexpected = [...jobs.values()]
    .filter(({ expect }) => expect === undefined)
    .map(
      ({ name }) =>
        `jobs.${name} has no expect: nobody is told when its backups stop coming. Say when one is due, such as expect: { schedule: '15 2 * * *', grace: 3h }`,
    );
  return [...unexpected, ...unheard(Object.values(alerts.channels))];
}

function unheard(channels: readonly { readonly events: readonly AlertEvent[] }[]): string[] {
  if (channels.length === 0) {
    return [
      'There is no alert channel: a failure is only written to the journal. Add one under alerts.channels (config.example.yaml shows all kinds).',
    ];
  }
  return ALERT_EVENTS.flatMap((event) => {
    const what = MUST_BE_HEARD[event];
    if (what === undefined || channels.some(({ events }) => events.includes(event))) return [];
    return [`No alert channel has ${event} among its events: ${what} is only written to the journal.`];
  });
}
