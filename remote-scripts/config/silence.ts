import type { HostSettings, SecondarySettings } from './settings.ts';

/**
 * What would go unnoticed with these settings: a primary that has gone silent is noticed here only by a schedule, and
 * reported to somebody only by a channel. It is not an error, because gate and prune work without them, but `--check`
 * must report it.
 * @returns sentences with the fix, none if all is well
 */
export function silencesOf({ alerts }: Pick<SecondarySettings, 'alerts'>, host: HostSettings): string[] {
  const mute = Object.keys(alerts.channels).length === 0;
  const unexpected = [...host.jobs.values()].filter(({ expect }) => expect === undefined).map(({ name }) => name);
  return [
    ...(mute
      ? ['nobody is told of anything: add a channel under alerts (see secondary.example.yaml), or look here every day']
      : []),
    ...unexpected.map(
      (job) =>
        `nothing says when a snapshot of ${host.name}/${job} is due, so a missing one is noticed only after two days or more: add expect: { schedule: "15 2 * * *", grace: 2h } for it, with your own times`,
    ),
  ];
}
