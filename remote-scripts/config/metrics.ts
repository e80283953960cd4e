import type { SecondarySettings } from './settings.ts';

/** What stands for the name of the host in the path. */
export const HOST_MARK = '{host}';

/** The file for the metrics of a host; undefined if the settings name none. */
export function metricsFile({ metrics }: Pick<SecondarySettings, 'metrics'>, host: string): string | undefined {
  return metrics.textfile?.replaceAll(HOST_MARK, host);
}
