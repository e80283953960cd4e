import { formatCount, formatDuration } from '../../src/shared/units.ts';
import type { Drill } from '../store/drill-record.ts';

/** One drill for people, as lines. */
export function renderDrill(subject: string, drill: Drill): string {
  const { id, which, ok, whole, broken, unchecked, failure, durationMs, output } = drill;
  const facts = [
    whole + broken.length + unchecked.length === 0
      ? 'no dump that could be checked'
      : `${formatCount(whole, 'dump')} whole`,
    ...(broken.length > 0 ? [`${broken.length} broken`] : []),
    ...(unchecked.length > 0 ? [`${unchecked.length} not checked`] : []),
  ];
  const lines = [
    `${ok ? '✓' : '✗'} ${subject}/${id} (${which}), ${formatDuration(durationMs)}: ${facts.join(', ')}`,
    ...broken.map(({ name, reason }) => `    ${name}: ${reason}`),
    ...unchecked.map(({ name, reason }) => `    not checked: ${name}: ${reason}`),
    ...(failure === undefined ? [] : [`    ${failure}`]),
    ...(ok ? [] : output.map((line) => `    | ${line}`)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Drills for programs. Times are ISO 8601 in UTC, durations milliseconds. */
export function drillsData(host: string, drills: readonly { readonly job: string; readonly drill: Drill }[]) {
  return {
    version: 1,
    host,
    drills: drills.map(({ job, drill }) => ({ job, ...drill, started: drill.started.toISOString() })),
  };
}
