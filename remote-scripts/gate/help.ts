import { authorizedKeysLine, forcedCommand, GATE as USUAL_PLACE } from '../../src/shared/forced-command.ts';
import { SECONDARY_CONFIG } from '../config/location.ts';

/** What `offsite-gate` is and understands, for its help and its page of the manual. A line break is one of the help. */
export const GATE = {
  name: 'offsite-gate',
  usages: ['[--config FILE] [--read] HOST', '[--config FILE] --check HOST', '--help | --version'],
  description:
    'The forced command of one primary on the secondary. It lets in the sessions of offsite-rsync\n(notes, push, verify, canary, seal), links what a push left out, refuses all else, and starts rrsync on a command line of its own.',
  /** Lines of `authorized_keys`, each below what is said of it. */
  keys: [
    [
      "In ~/.ssh/authorized_keys of the host's account, on one line:",
      authorizedKeysLine(forcedCommand('gate', 'push', { host: 'HOST' }), 'ssh-ed25519 AAAA… primary'),
    ],
    [
      'With --read it is the forced command of a read key: it tells what is stored (list), lets rsync read sealed\nsnapshots, refuses whatever writes, and changes nothing.',
      authorizedKeysLine(forcedCommand('gate', 'read', { host: 'HOST' }), 'ssh-ed25519 AAAA… restore'),
    ],
  ],
  options: [
    ['--read', 'serve a read key'],
    [
      '--check',
      'say whether configuration, directories, owners, programs, keys and sshd are as they must be\n(schedules of expect: are read by offsite-prune, which is the one that uses them)',
    ],
    ['--config FILE', `the secondary's settings (default: ${SECONDARY_CONFIG})`],
    ['--help', 'show this'],
    ['--version', 'show the version'],
  ],
  exits: [
    ['0', 'done'],
    ['1', '--check found something wrong'],
    ['2', 'refused, or ended by a limit: "offsite-gate: refused: REASON" or "… ended: REASON" on standard error'],
    ['20', 'broken off here: "offsite-gate: broke: REASON"'],
    ['others', 'the exit code of rsync'],
  ],
} as const;

/** What `offsite-gate --help` prints. @param place where the gate lies */
export function gateHelp(place: string): string {
  const { name, usages, description, keys, options, exits } = GATE;
  const column = (rows: readonly (readonly [string, string])[], width: number) =>
    rows.map(([term, text]) => `  ${term.padEnd(width)}${text.replaceAll('\n', `\n${' '.repeat(width + 2)}`)}`);
  return [
    ...usages.map((usage, place) => `${place === 0 ? 'Usage:' : '      '} ${name} ${usage}`),
    '',
    description,
    ...keys.flatMap(([about, line]) => ['', about, '', `  ${line.replace(USUAL_PLACE, place)}`]),
    '',
    'Options:',
    ...column(options, 15),
    '',
    'Exit codes:',
    ...column(exits, 8),
    '',
  ].join('\n');
}
