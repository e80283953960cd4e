import pc from 'picocolors';
import { formatCount, formatDuration, formatSize } from '../../shared/units.ts';
import type { RunRecord } from '../../state/run-record.ts';
import { VERIFY_MODES } from '../../shared/verify-mode.ts';

/** Shown instead of the number of linked files. */
export const NO_BASIS = 'no earlier snapshot to link to';

/** A finished run for people: what is secured, how long it took, and how little was sent. */
export function summariseRun(record: RunRecord): string {
  const name = `${record.job} → ${record.target}`;
  if (record.outcome !== 'done') {
    return `${pc.red('✗')} ${name}: ${pc.bold('not secured')} (exit ${record.exitCode})\n`;
  }
  const rows: (readonly [string, string])[] = [
    ['content', `${formatCount(record.files, 'file')}, ${formatSize(record.bytes)}`],
  ];
  const { transfer, verification } = record;
  if (transfer) {
    const { newFiles, changedFiles, linkedFiles, copiedFiles, sentBytes, basis } = transfer;
    const copied = copiedFiles > 0 ? `, ${copiedFiles} copied there` : '';
    const linked = basis === null ? NO_BASIS : `${linkedFiles} linked to ${basis}`;
    rows.push(['files', `${newFiles} new, ${changedFiles} changed, ${linked}${copied}`]);
    rows.push(['sent', `${formatSize(sentBytes)}${saving(record.bytes, sentBytes)}`]);
  }
  if (verification) {
    const { read } = VERIFY_MODES[verification.mode];
    rows.push(['verified', `${read} (${verification.algorithm}), ${formatDuration(verification.durationMs)}`]);
  }
  rows.push([
    'took',
    `${formatDuration(record.durationMs)}${record.attempts > 1 ? `, ${record.attempts} attempts` : ''}`,
  ]);
  for (const warning of record.warnings) rows.push([pc.yellow('warning'.padEnd(8)), warning]);
  const lines = rows.map(([key, value]) => `    ${key.padEnd(8)}  ${value}`);
  return `${pc.green('✓')} ${name}: ${pc.bold(`secured as ${record.snapshot ?? ''}`)}\n${lines.join('\n')}\n`;
}

/** How much of the content did not have to be sent. */
function saving(bytes: number, sent: number): string {
  if (bytes === 0 || sent >= bytes) return '';
  const share = (1 - sent / bytes) * 100;
  return ` (${share.toFixed(share > 99 ? 2 : 1)} % saved)`;
}
