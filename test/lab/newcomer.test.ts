import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { onTerminal } from '../support/terminal.ts';
import { until } from '../support/until.ts';
import { blockWith, documentedBlocks } from './support/documented.ts';
import { ADDRESS, MESSENGER, SOURCE, startNewcomerLab, type NewcomerLab } from './support/newcomer-lab.ts';
import { backUp } from './support/outcomes.ts';
import { filledIn, newestSealed } from './support/walk.ts';

// Somebody who knows the lines of the README that install the program, and then only what `init` itself says. Two machines, a line between them.

const PROGRAM = {
  primary: 'ln -s /opt/offsite-rsync/dist/cli.js /usr/local/bin/offsite-rsync',
  secondary: 'remote-scripts/install.sh',
} as const;

let lab: NewcomerLab;
beforeAll(async () => {
  lab = await startNewcomerLab();
});
afterAll(() => lab.stop());

/** Types lines as they were printed, but for the address of the repository, and expects that each works. */
function type(on: 'primary' | 'secondary', text: string): string {
  const { output, failed } = lab.type(on, filledIn(text, lab));
  expect(failed, output).toEqual([]);
  return output;
}

/** The lines that are printed to be typed below a heading. */
function linesBelow(heading: RegExp, shown: string): string {
  const [, below = ''] = shown.split(heading);
  const [block = ''] = /(^ {2}\S.*\n)+/m.exec(below) ?? [];
  expect(block, shown).not.toBe('');
  return block.replaceAll(/^ {2}/gm, '');
}

/** What `init` has shown. */
let said = '';

it.each(['primary', 'secondary'] as const)('the lines of the README install the programs on the %s', (on) => {
  type(on, blockWith(PROGRAM[on], documentedBlocks()).text);
});

it('init on a terminal asks for everything, and shows the host key of the secondary', async () => {
  const typed = {
    'A name for the secondary': '\\r',
    'What guards it?': '\\r',
    'Its host name or address': `${ADDRESS.secondary}\\r`,
    'The port of its sshd': '\\r',
    'The account there': '\\r',
    'The directory that the local backup': `${SOURCE}\\r`,
    'A name for this job': '\\r',
    'When a backup is due': '15 2 * * *\\r',
    'The systemd service that makes': 'pg-backup.service\\r',
    'An ntfy topic': `${MESSENGER}\\r`,
    'Is it the same?': 'y\\r',
    'Does the secondary have these lines?': 'n\\r',
  };
  const words = [...lab.primary.words, 'offsite-rsync', 'init'];
  const { status, shown } = await onTerminal(words, { env: { PATH: process.env.PATH ?? '' }, columns: 120, typed });
  said = stripVTControlCharacters(shown).replaceAll('\r', '');
  expect(status, said).toBe(0);
  const key = lab.secondary.must('ssh-keygen', '-l', '-f', '/etc/ssh/ssh_host_ed25519_key.pub');
  expect(said).toContain(key.split(' ')[1]);
});

it('what it printed for the secondary works there as printed, and doctor is content', () => {
  type('secondary', linesBelow(/^On the secondary/m, said));
  expect(type('primary', /When it has: (.*)/.exec(said)?.[1] ?? 'false')).toContain('append-only: enforced');
});

it('what it printed for this host seals a snapshot and couples the backup to the next', async () => {
  expect(type('primary', linesBelow(/^On this host/m, said))).toContain(`secured as ${newestSealed(lab)}`);
  await until(() => lab.told().includes('Test alert'));
  backUp(lab);
  expect(type('primary', 'offsite-rsync doctor')).not.toContain('✗');
});
