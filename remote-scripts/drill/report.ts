import { formatCount, formatDuration } from '../../src/shared/units.ts';
import { drillData, type Drill, type DrillData } from '../store/drill-record.ts';

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

/** What `offsite-drill` prints with `--json`; see remote-scripts/commands/json-output.ts. */
export interface DrillOutputs {
  /** The drills that were made now; none if none was due. */
  readonly 'offsite-drill HOST --json': {
    readonly version: 1;
    readonly host: string;
    readonly drills: readonly (DrillData & { readonly job: string })[];
  };
}

/** Drills for programs. */
export function drillsData(
  host: string,
  drills: readonly { readonly job: string; readonly drill: Drill }[],
): DrillOutputs['offsite-drill HOST --json'] {
  return { version: 1, host, drills: drills.map(({ job, drill }) => ({ job, ...drillData(drill) })) };
}
