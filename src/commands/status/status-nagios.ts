import { staleAfter, type Condition, type Standing } from '../../insight/standing.ts';
import { oneLine } from '../../notify/text.ts';
import { formatDuration } from '../../shared/units.ts';

/** The output for a monitor: https://www.monitoring-plugins.org/doc/guidelines.html */
export interface PluginResult {
  /** One line: `OFFSITE OK - text | performance data`. */
  readonly line: string;
  /** 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. */
  readonly code: number;
}

const STATES = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;

/** A job that only fails is a warning, because its last snapshot is still new enough. */
const SEVERITY: Readonly<Record<Condition, number>> = {
  secured: 0,
  failing: 1,
  never: 1,
  stale: 2,
  corrupt: 2,
  unknown: 3,
};

/** All standings in one line; the worst one decides. */
export function pluginLine(standings: readonly Standing[]): PluginResult {
  const code = Math.max(0, ...standings.map(severityOf));
  const wrong = standings.filter((standing) => severityOf(standing) > 0).sort((a, b) => severityOf(b) - severityOf(a));
  const text =
    wrong.length === 0
      ? `${countText(standings.length)} secured${oldestText(standings)}`
      : `${wrong.length} of ${standings.length} not in order: ${wrong.map(wrongText).join('; ')}`;
  const figures = standings.flatMap(performanceData).join(' ');
  return {
    line: `OFFSITE ${STATES[code] ?? 'UNKNOWN'} - ${plainLine(text)}${figures === '' ? '' : ` | ${figures}`}`,
    code,
  };
}

/** The result when nothing can be determined. */
export function pluginUnknown(error: unknown): PluginResult {
  const message = error instanceof Error ? error.message : String(error);
  return { line: `OFFSITE UNKNOWN - ${plainLine(message)}`, code: 3 };
}

function severityOf({ condition, stale }: Standing): number {
  return stale ? 2 : SEVERITY[condition];
}

function wrongText({ job, target, condition, why }: Standing): string {
  return `${job} to ${target}: ${condition}${why === '' ? '' : `, ${why}`}`;
}

function countText(count: number): string {
  return count === 1 ? 'job' : `all ${count} jobs`;
}

function oldestText(standings: readonly Standing[]): string {
  const oldest = Math.max(...standings.map(({ ageMs }) => ageMs ?? 0));
  return Number.isFinite(oldest) ? `, oldest snapshot ${formatDuration(oldest)}` : '';
}

/** `'label'=value[unit];[warn];[crit];[min]`; a job without a snapshot has no figures. */
function performanceData(standing: Standing): string[] {
  const { job, target, sealed, ageMs, lastSuccess } = standing;
  if (sealed === null || ageMs === undefined) return [];
  const deadline = staleAfter(standing);
  const allowed = deadline ? Math.round((deadline.getTime() - Date.parse(sealed.started)) / 1000) : undefined;
  const label = (figure: string) => `'${job}@${target} ${figure}'`;
  const sent = lastSuccess?.transfer?.sentBytes;
  return [
    `${label('age')}=${Math.max(0, Math.round(ageMs / 1000))}s;;${allowed !== undefined && allowed > 0 ? allowed : ''};0`,
    `${label('size')}=${sealed.bytes}B;;;0`,
    ...(sent === undefined ? [] : [`${label('sent')}=${sent}B;;;0`]),
    `${label('failures')}=${standing.failing?.count ?? 0};;;0`,
  ];
}

// "|" begins the performance data, so the text must not contain it.
function plainLine(text: string): string {
  return oneLine(text.replaceAll('|', '/'), 1000);
}
