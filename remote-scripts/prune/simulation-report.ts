import Table from 'cli-table3';
import type { Course, SimulatedDay } from '../retention/simulation.ts';
import { formatInZone } from '../../src/shared/time-zone.ts';
import { formatCount, formatDuration } from '../../src/shared/units.ts';
import type { HostSettings } from '../config/settings.ts';
import { drawTable, PLAIN_TABLE, type ReportStyle } from './report.ts';
import type { SimulatedJob } from './simulate.ts';

/** Most rows that a simulation prints: every day of a month, or fewer. */
const MOST_ROWS = 32;

/** A simulation for people: how many snapshots a policy holds over time, and how far back they reach. */
export function renderSimulation(
  { name: host, gate }: HostSettings,
  jobs: readonly SimulatedJob[],
  { colors, timezone }: ReportStyle,
): string {
  return jobs
    .map(({ job, course, days }) => {
      const title = colors.bold(`${host}/${job}`);
      if (!course) {
        return `${title}\nnothing says how often snapshots arrive: set expect.schedule, or wait for two snapshots\n`;
      }
      const most = Math.max(0, ...days.map(({ held }) => held));
      const table = new Table({
        ...PLAIN_TABLE,
        head: ['day', 'date', 'arrived', 'removed', 'held', 'oldest', ''].map(colors.bold),
        colAligns: ['right', 'left', 'right', 'right', 'right', 'left', 'left'],
      });
      for (const { index, of } of sampled(days.length)) {
        const from = days.slice(index - of + 1, index + 1);
        const day = days[index];
        if (!day) continue;
        table.push([
          index + 1,
          formatInZone(day.at, timezone).slice(0, 10),
          sum(from, 'arrived'),
          sum(from, 'removed'),
          day.held,
          day.oldest ?? '',
          colors.dim('#'.repeat(most === 0 ? 0 : Math.round((day.held / most) * 30))),
        ]);
      }
      const turnedAway = sum(days, 'turnedAway');
      const lines = [title, `simulated: ${describeCourse(course)}; no other pushes, and nothing on hold`];
      if (turnedAway > 0) lines.push(`${formatCount(turnedAway, 'snapshot')} left out: ${lets(gate)}`);
      else if (course.by === 'usual' && course.simulated > course.seen)
        lines.push(`not more often, because ${lets(gate)}; set expect.schedule to the schedule that you want`);
      return `${[...lines, drawTable(table)].join('\n')}\n`;
    })
    .join('\n');
}

function describeCourse(course: Course): string {
  if (course.by === 'schedule') return `a snapshot whenever expect.schedule says (${course.schedule.schedule})`;
  const seen =
    course.simulated > course.seen ? ` (the existing ones arrived every ${formatDuration(course.seen)})` : '';
  return `no schedule says when snapshots arrive, so one every ${formatDuration(course.simulated)}${seen}`;
}

function lets({ attemptsPerDay, minIntervalMs }: HostSettings['gate']): string {
  const interval = minIntervalMs > 0 ? `, ${formatDuration(minIntervalMs)} apart (min_interval)` : '';
  return `the gate lets in ${attemptsPerDay} per day (attempts_per_day)${interval}`;
}

/** The days to show, each for all days since the one before. The last day is always included. */
function sampled(days: number): { index: number; of: number }[] {
  const step = Math.ceil(days / MOST_ROWS);
  const rows: { index: number; of: number }[] = [];
  for (let index = step - 1; index < days; index += step) rows.push({ index, of: step });
  const shown = rows.at(-1)?.index ?? -1;
  if (shown < days - 1) rows.push({ index: days - 1, of: days - 1 - shown });
  return rows;
}

function sum(days: readonly SimulatedDay[], key: 'arrived' | 'removed' | 'turnedAway'): number {
  return days.reduce((total, day) => total + day[key], 0);
}
