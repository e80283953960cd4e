import { CRITERIA, type Criterion, type SelftestReport } from '../../run/selftest/selftest-report.ts';
import { SELFTEST_JOB } from '../../shared/names.ts';
import { formatDuration } from '../../shared/units.ts';

/** What `selftest` has observed, as a page to be filed (Markdown). */
export function acceptancePage(report: SelftestReport): string {
  const { host, target, secondary, begun, finished, accepted, criteria, left } = report;
  const failed = criteria.filter(({ holds }) => !holds).length;
  const verdict = accepted
    ? '**Accepted: all three criteria hold.**'
    : `**Not accepted: ${failed} of ${criteria.length} criteria ${failed === 1 ? 'does' : 'do'} not hold.**`;
  const guarded = secondary === 'gate' ? 'the gate' : 'plain rrsync';
  const what = [
    ['From', host],
    ['To', `${target} (${guarded})`],
    ['Begun', begun],
    ['Finished', finished],
    ...versionRows(report),
  ];
  const ids = left.map((id) => `\`${id}\``).join(' and ');
  const they = left.length === 1 ? 'it' : 'them';
  const removal =
    secondary === 'gate'
      ? `offsite-prune removes ${they} as every old attempt without a seal.`
      : `offsite-prune removes ${they} if it runs there; otherwise remove ${they} by hand.`;
  const stays =
    left.length === 0
      ? 'Nothing: nothing was stored on the secondary.'
      : `On the secondary ${ids} in the job \`${SELFTEST_JOB}\`, without a seal. ${removal} Here: nothing.`;
  return [
    `# Acceptance of ${host} → ${target}, ${begun.slice(0, 10)}`,
    verdict,
    ['| | |', '|---|---|', ...what.map(([key, value]) => `| ${key} | ${value} |`)].join('\n'),
    ...criteria.map(section),
    `## What is left\n\n${stays}`,
    'Written by `offsite-rsync selftest`.',
  ]
    .join('\n\n')
    .concat('\n');
}

/** One criterion in a line. */
export function criterionLine({ name, holds, wrong }: Criterion): string {
  return `${holds ? '✓' : '✗'} ${CRITERIA[name]}${holds ? '' : `: ${wrong.join('; ')}`}`;
}

function versionRows({ versions }: SelftestReport): string[][] {
  const { offsiteRsync, node, rsync, ssh, remoteProtocol, system } = versions;
  return [
    ['offsite-rsync', offsiteRsync],
    ['rsync here', rsync],
    ['rsync there', remoteProtocol === null ? 'not seen' : `protocol ${remoteProtocol}`],
    ['ssh', ssh],
    ['node', node],
    ['System here', system],
  ];
}

function section({ name, holds, begun, durationMs, observed, wrong }: Criterion, index: number): string {
  const when = begun === null ? [] : [`Begun ${begun}, took ${formatDuration(durationMs)}.`];
  const lines = [...wrong.map((text) => `**${oneLine(text)}**`), ...observed.map(oneLine), ...when];
  const word = holds ? 'holds' : 'does NOT hold';
  return `## ${index + 1}. ${CRITERIA[name]}: ${word}\n\n${lines.map((line) => `- ${line}`).join('\n')}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/:\s*\n\s*/g, ': ').replaceAll(/\s*\n\s*/g, '; ');
}
