import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DRILL } from '../../../remote-scripts/commands/drill.ts';
import { PRUNE } from '../../../remote-scripts/commands/prune.ts';
import { SCRUB } from '../../../remote-scripts/commands/scrub.ts';
import { secondarySchema } from '../../../remote-scripts/config/schema.ts';
import { GATE, gateHelp } from '../../../remote-scripts/gate/help.ts';
import { describeProgram } from '../../../remote-scripts/program/frame.ts';
import { manualPages } from '../../../scripts/manual/pages.ts';
import { commandsBelow } from '../../../scripts/manual/program-page.ts';
import { printPage } from '../../../scripts/manual/roff.ts';
import { prose } from '../../../scripts/manual/words.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { examplesOf } from '../../../src/shared/examples.ts';
import { buildProgram } from '../../../src/program/program.ts';
import { OUTCOMES } from '../../../src/shared/outcome.ts';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'offsite-manual-'))));
afterAll(() => rmSync(directory, { recursive: true }));

const SECONDARY = fileURLToPath(new URL('../../../remote-scripts/offsite-secondary', import.meta.url));
const helpOfSecondary = execFileSync(SECONDARY, ['--help'], { encoding: 'utf8' });
const pages = manualPages(helpOfSecondary);

/** What man(1) shows of a page, on lines so long that none is broken, and what it warns of. */
function shown(text: string, path = 'man1/page.1', width = '2000') {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  const environment = { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8', MANWIDTH: width, MANROFFSEQ: '' };
  const man = spawnSync('man', ['--warnings', '-l', file], { env: environment, encoding: 'utf8' });
  const groff = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-z', file], { env: environment, encoding: 'utf8' });
  return { text: man.stdout, warnings: man.stderr + groff.stderr, status: [man.status, groff.status] };
}

const textOf = (name: string) => shown(pages.find(({ path }) => path.endsWith(`/${name}`))?.text ?? '').text;

describe('the manual', () => {
  it('has a page for each program and for each configuration', () => {
    expect(pages.map(({ path }) => path)).toEqual([
      'man1/offsite-rsync.1',
      'man5/offsite-rsync.yaml.5',
      'man5/offsite-rsync-secondary.yaml.5',
      ...['secondary', 'gate', 'prune', 'scrub', 'drill'].map((name) => `man8/offsite-${name}.8`),
    ]);
  });

  it.each(pages.map(({ path, text }) => [path, text] as const))('%s is shown without a warning', (path, text) => {
    const { text: page, warnings, status } = shown(text, path, '80');
    expect({ warnings, status }).toEqual({ warnings: '', status: [0, 0] });
    expect(page).toMatch(/^NAME$/m);
  });

  it.each([
    ['offsite-rsync.1', buildProgram(() => Promise.resolve()), 10],
    ...[PRUNE, SCRUB, DRILL].map((one) => [`${one.name}.8`, describeProgram(one), 1] as const),
  ] as const)('shows in %s every command with every argument, option and example', (name, program, fewest) => {
    const help = program.createHelp();
    const text = textOf(name);
    const commands = commandsBelow(program, help).filter(({ commands: below }) => below.length === 0);
    expect(commands.length).toBeGreaterThanOrEqual(fewest);
    for (const command of commands) {
      const usage = help.commandUsage(command);
      const head = command === program ? 'OPTIONS' : `   ${usage.split(/ [[<]/)[0] ?? ''}`;
      const from = text.indexOf(`\n${head}\n`);
      expect(from, usage).toBeGreaterThan(0);
      const part = text
        .slice(from)
        .split(/\n(?=(?: {3})?\S)/, 2)
        .join('\n');
      const terms = [
        ...command.options.flatMap(({ flags, hidden }) => (hidden ? [] : [flags])),
        ...command.registeredArguments.map((one) => one.name()),
      ];
      const starts = part.split('\n').map((one) => `${one} `);
      for (const term of terms)
        expect(
          starts.some((one) => one.startsWith(`       ${term} `)),
          term,
        ).toBe(true);
      for (const [line] of examplesOf(command)) expect(part).toContain(line);
      expect(text).toContain(usage);
    }
  });

  it('shows of the gate every option and exit code that its help has', () => {
    const text = textOf('offsite-gate.8');
    for (const [flag, meaning] of [...GATE.options, ...GATE.exits]) {
      expect(text).toMatch(new RegExp(`^ {7}${flag}\\s`, 'm'));
      expect(text).toContain(meaning.replaceAll('\n', ' '));
      expect(gateHelp('/usr/bin/offsite-gate')).toContain(`\n  ${flag} `);
    }
  });

  it('shows of offsite-secondary every option, variable, example and exit code that its help has', () => {
    const text = textOf('offsite-secondary.8');
    const terms = [...helpOfSecondary.matchAll(/^ {2}(--[a-z-]+|[A-Z]{3,})/gm)].map(([, term = '']) => term);
    expect(terms.length).toBeGreaterThan(9);
    for (const term of [...terms, '0', '1', '2']) expect(text).toMatch(new RegExp(`^ {7}${term}\\s`, 'm'));
    for (const [, line = ''] of helpOfSecondary.matchAll(/^ {2}(offsite-secondary .*)$/gm))
      expect(text).toContain(line);
    expect(text).toContain('   offsite-secondary remove-host NAME [--account NAME] [--dry-run]\n');
  });

  it('shows every exit code of the programs of the secondary', () => {
    for (const { name, exits } of [PRUNE, SCRUB, DRILL]) {
      const text = textOf(`${name}.8`);
      for (const { code } of Object.values(exits)) expect(text).toMatch(new RegExp(`^ {7}${String(code)} `, 'm'));
      for (const { meaning } of Object.values(exits)) expect(text).toContain(meaning);
    }
  });

  it('shows every exit code with what to do', () => {
    const text = textOf('offsite-rsync.1');
    for (const { title, advice } of Object.values(OUTCOMES)) expect(text).toContain(`${title}. ${advice}`);
  });

  it.each([
    ['offsite-rsync.yaml.5', configSchema],
    ['offsite-rsync-secondary.yaml.5', secondarySchema],
  ])('shows in %s every option of the schema with its description', (name, schema) => {
    const text = textOf(name);
    const options = optionsIn(schema);
    expect(options.length).toBeGreaterThan(60);
    for (const { key, description, isGroup } of options) {
      expect(text).toMatch(new RegExp(isGroup ? `^ {3}(\\S+\\.)?${key}(\\.NAME)?$` : `^ {7}${key}: \\S`, 'm'));
      expect(text).toContain(description.replaceAll('`', ''));
    }
  });
});

interface SchemaPart {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaPart | true>>;
}

/** Every property that has a description, wherever it is in a schema. */
function optionsIn(part: unknown): { key: string; description: string; isGroup: boolean }[] {
  if (typeof part !== 'object' || part === null) return [];
  const { properties = {} } = part as SchemaPart;
  const own = Object.entries(properties).flatMap(([key, option]) => {
    if (option === true || option.description === undefined) return [];
    const below = JSON.stringify({ ...option, default: undefined });
    return [{ key, description: option.description, isGroup: below.includes('"properties"') }];
  });
  return [...own, ...Object.values(part).flatMap(optionsIn)];
}

describe('a page of the manual', () => {
  const heading = { name: 'a"b\\c', section: 1, source: "it's 1.0", manual: '.Manual' };

  it('keeps what roff takes for its own: dots and quotes at the beginning, backslashes, hyphens, other alphabets', () => {
    const odd = ['.TH is no request', "'quoted' \\fB\\n", '--dry-run ~/.ssh ^C "x" `y`', '… × ü 💾', '', '\\'];
    const { text, warnings } = shown(
      printPage(heading, [
        { kind: 'section', title: '.odd "title" \\' },
        ...odd.map((line) => ({ kind: 'paragraph', text: [line] }) as const),
        { kind: 'item', term: [{ typed: '.term' }, ' ', { open: '\\' }], text: ['.text'] },
        { kind: 'verbatim', lines: odd },
      ]),
    );
    expect(warnings).toBe('');
    const lines = text.split('\n').map((line) => line.trim());
    expect(lines).toEqual(expect.arrayContaining([...odd, '.ODD "TITLE" \\', '.term \\']));
    for (const line of odd) expect(lines.filter((one) => one === line).length).toBeGreaterThanOrEqual(2);
    expect(text).toContain('A"B\\C(1)');
    expect(text).toContain('.Manual');
  });

  it('puts what is in backticks into bold', () => {
    expect(prose('see `units`, too')).toEqual(['see ', { typed: 'units' }, ', too']);
  });
});
