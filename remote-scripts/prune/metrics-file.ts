import { errorMessage, writeFileAtomic } from '../../src/platform/files.ts';
import type { Log } from '../../src/platform/logger.ts';
import { version } from '../../src/shared/version.ts';
import { metricsFile } from '../config/metrics.ts';
import type { SecondarySettings } from '../config/settings.ts';
import { renderMetrics } from './metrics.ts';
import type { HostStatus } from './report.ts';

/** Writes the metrics of a host, if the settings ask for them. Never throws: what cannot be written is logged. */
export async function writeMetrics(
  settings: SecondarySettings,
  status: HostStatus,
  at: Date,
  { log }: { readonly log: Log },
): Promise<void> {
  const path = metricsFile(settings, status.host);
  if (path === undefined) return;
  try {
    // 0644: node_exporter reads it as another user; it contains only names, times and sizes.
    await writeFileAtomic(path, renderMetrics(status, at, version), 0o644);
  } catch (error) {
    log('warning', `The metrics cannot be written: ${errorMessage(error)}`);
  }
}
