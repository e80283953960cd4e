import { join } from 'node:path';
import { expect } from 'vitest';
import { FORBIDDEN_OPTIONS, FORBIDDEN_PATHS } from '../../forbidden.ts';
import { casesOf } from '../cases.ts';
import { expectAllRefused, expectRefused, type Siege } from '../siege.ts';

/*
 * Command lines. `attack/grammar` tries each option at each place of each honest line; here each goes through sshd once, to the
 * gate as it is installed.
 */

/** What an honest client would send now. */
export function honestPush({ host, sealed }: Siege): string {
  return `rsync --server -logDtpAre.iLsfxCIvu --partial --numeric-ids --compare-dest /db/${sealed[1]}/ --fake-super . db/${host.nextId()}/`;
}

function honestVerification({ sealed }: Siege): string {
  return `rsync --server -nlHogDtpArce.iLsfxCIvu --log-format=%i --delete --numeric-ids --fake-super . db/${sealed[1]}/`;
}

export const OPTIONS = casesOf(
  FORBIDDEN_OPTIONS.map((option, index) => ({ option, index })),
  2,
  ({ option }) => `the option ${option} in a push and in a verification`,
  async (siege, { option, index }) => {
    // Another place for each option.
    const lines = [honestPush(siege), honestVerification(siege)].map((line) => {
      const words = line.split(' ');
      return words.toSpliced(1 + (index % words.length), 0, option).join(' ');
    });
    await expectAllRefused(siege, lines);
  },
);

export const PATHS = casesOf(
  FORBIDDEN_PATHS,
  1,
  (path) => `the destination ${path}`,
  async (siege, path) => {
    const line = honestPush(siege).replace(/\S+$/, path);
    await expectAllRefused(siege, [line, line.replace(' -logDtpAr', ' -nlogDtpArc').replace('--partial ', '')]);
  },
);

/** What is blank to one reader or another, by its number. */
const BLANKS = [
  0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x85, 0xa0, 0x1680, 0x180e, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005,
  0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x200b, 0x200c, 0x200d, 0x2028, 0x2029, 0x202f, 0x205f, 0x2060, 0x3000, 0xfeff,
]; // prettier-ignore

export const BLANK = casesOf(
  BLANKS,
  1,
  (code) => `U+${code.toString(16).padStart(4, '0')} before --log-file, and in the place of each blank`,
  async (siege, code) => {
    const blank = String.fromCodePoint(code);
    const line = honestPush(siege);
    const log = `--log-file=${join(siege.outside, 'file')}`;
    await expectAllRefused(siege, [
      line.replace(' . ', `${blank}${log} . `),
      line.replace(/ /g, blank),
      `${line}${blank}`,
    ]);
  },
);

/** What a shell, a glob or a terminal would take for something. */
const SPECIAL = [
  "'", '"', '`id`', '$(id)', '${IFS}', '\\', '\\ ', ';id', '|id', '&', '&&id', '*', '?', '[a-z]', '{a,b}', '~', '!', '#', '<', '>x',
  '\x01', '\x07', '\x08', '\x1b[2J', '\x7f', '\u202e', '\u00e9', '\u{1f4a3}', '%n', '=x',
]; // prettier-ignore

export const CHARACTERS = casesOf(
  SPECIAL,
  1,
  (text) => `${JSON.stringify(text)} in an option, in the destination and at the end`,
  async (siege, text) => {
    const line = honestPush(siege);
    await expectAllRefused(siege, [
      line.replace(' --partial', ` --partial${text}`),
      line.replace(' . db/', ` . db${text}/`),
      `${line}${text}`,
      `${text} ${line}`,
    ]);
  },
);

/** Bytes that are no UTF-8, which only a shell can pass on. */
const BYTES = ['\\205', '\\240', '\\377', '\\303\\050', '\\355\\240\\200', '\\300\\257'];

export const RAW = casesOf(
  BYTES,
  1,
  (bytes) => `the bytes ${bytes}, which are no UTF-8, before an option and in the destination`,
  async (siege, bytes) => {
    const line = honestPush(siege);
    for (const attempt of [line.replace(' . ', `${bytes}--inplace . `), line.replace('db/', `db${bytes}/`)]) {
      const { remoteShell } = siege.host.sshd;
      const end = await siege.run('sh', '-c', `line=$(printf "$0"); exec "$@" secondary "$line"`, attempt.replaceAll('%', '%%'), ...remoteShell); // prettier-ignore
      expectRefused(end);
    }
  },
);

export const LONG = casesOf(
  [1025, 5000, 100_000],
  0,
  (length) => `a command of ${length} characters`,
  async (siege, length) => {
    const line = honestPush(siege);
    expectRefused(await siege.ssh(line.replace(' . ', `${' --stats'.repeat(length / 8)} . `)), 'the command is longer');
    expectRefused(await siege.ssh('x'.repeat(length)), 'the command is longer');
    expect(line.length).toBeLessThan(1024);
  },
);
