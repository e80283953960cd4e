import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonOutputs } from '../../src/commands/json-output.ts';
import { expectToFit, OUTPUTS, type Output } from '../support/json-schema.ts';
import { flipByte } from './support/flip-byte.ts';
import { makePrimary, type Primary } from './support/primary.ts';
import { fillSampleTree } from './support/sample-tree.ts';
import { startSecondary, type Secondary } from './support/secondary.ts';

let secondary: Secondary;
let primary: Primary;
const held = new Set<Output>();

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'postgres');
  await fillSampleTree(primary.source);
});
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

/** What a command has printed, each line held against the schema. */
async function ask(
  command: keyof JsonOutputs,
  words: readonly string[],
  events: readonly string[] = [],
): Promise<object[]> {
  const { stdout } = await primary.call(...words, '--json');
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event?: string });
  expect(lines).not.toEqual([]);
  for (const line of lines) {
    expectToFit(line.event !== undefined && events.includes(line.event) ? 'run --json' : command, line);
  }
  held.add(command);
  return lines;
}

describe('what is printed with --json is as docs/json.md says', () => {
  it('a run that is secured, and the next one', async () => {
    for (let runs = 0; runs < 2; runs += 1) {
      const lines = await ask('run --json', ['run', 'postgres']);
      const names = lines.map(({ run, job, target }: { run?: string; job?: string; target?: string }) => ({
        run,
        job,
        target,
      }));
      expect(new Set(names.map((name) => JSON.stringify(name))).size).toBe(1);
      expect(lines.at(-1)).toMatchObject({ event: 'run-finished', job: 'postgres', record: { outcome: 'done' } });
    }
  });

  it('a dry run', async () => {
    const lines = await ask(
      'run --dry-run --json',
      ['run', 'postgres', '--dry-run'],
      ['preview-started', 'source-read', 'step-started'],
    );
    expect(lines.at(-1)).toMatchObject({ event: 'preview', kind: 'shown' });
  });

  it('a verification that finds nothing, and one that finds damage', async () => {
    expect(await ask('verify --json', ['verify', 'postgres'])).toMatchObject([{ outcome: 'done' }]);
    const [id = ''] = (await secondary.sealed('postgres')).slice(-1);
    flipByte(secondary.path('postgres', id, 'deep/secret.conf'), 3);
    expect(await ask('verify --json', ['verify', 'postgres'])).toMatchObject([{ outcome: 'corruption' }]);
  });

  it('what two snapshots differ in, and what a restore did', async () => {
    const [first = '', second = ''] = await secondary.sealed('postgres');
    const from = ['--from', join(secondary.root, 'postgres')];
    expect(await ask('diff --json', ['diff', 'postgres', first, second, ...from])).toMatchObject([{ job: 'postgres' }]);
    const to = ['--to', join(primary.directory, 'restored'), '--snapshot', first];
    const restored = await ask('restore --json', ['restore', 'postgres', ...to, ...from]);
    expect(restored[0]).toMatchObject({ event: 'step-started', step: 'looking', job: 'postgres', snapshot: first });
    expect(restored.at(-1)).toMatchObject({ job: 'postgres', outcome: 'done' });
  });

  it('what doctor finds, what is wrong with a configuration, and whether alerts get out', async () => {
    expect(await ask('doctor --json', ['doctor'])).toMatchObject([{ jobs: [{ appendOnly: 'not-enforced' }] }]);
    expect(await ask('config validate --json', ['config', 'validate', '--secrets'])).toMatchObject([
      { valid: true, exitCode: 0, problems: [] },
    ]);
    // Nothing listens where the second channel sends to.
    expect(await ask('alert test --json', ['alert', 'test'])).toMatchObject([
      {
        exitCode: 42,
        channels: [
          { channel: 'file', sent: true, reason: null },
          { channel: 'hook', sent: false },
        ],
      },
    ]);
    expect(await ask('config show --json', ['config', 'show'])).toMatchObject([{ version: 1, jobs: { postgres: {} } }]);
    const sound = await readFile(primary.config, 'utf8');
    await writeFile(primary.config, sound.replace('"version"', '"versoin"'));
    const [report] = await ask('config validate --json', ['config', 'validate']);
    await writeFile(primary.config, sound);
    expect(report).toMatchObject({ valid: false, exitCode: 2 });
    expect(JSON.stringify(report)).toContain('versoin');
  });

  it('an acceptance on a secondary that is not reached', async () => {
    await secondary.line.hangUp();
    const lines = await ask('selftest --json', ['selftest', '--out', join(primary.directory, 'page.md')]);
    await secondary.line.listen();
    expect(lines).toMatchObject([{ accepted: false, left: [], criteria: [{ name: 'sent' }, {}, {}] }]);
  });

  it('a run that fails', async () => {
    const kept = await readFile(join(primary.source, 'dump.sql'));
    await rm(join(primary.source, 'dump.sql'));
    await secondary.line.hangUp();
    const lines = await ask('run --json', ['run', 'postgres']);
    await secondary.line.listen();
    await writeFile(join(primary.source, 'dump.sql'), kept);
    expect(lines.at(-1)).toMatchObject({ event: 'run-finished', record: { exitCode: 10 } });
  });

  it('status, history and list after that', async () => {
    expect(await ask('status --json', ['status'])).toMatchObject([
      { jobs: [{ job: 'postgres', condition: 'corrupt' }] },
    ]);
    expect(await ask('history --json', ['history'])).toHaveLength(3);
    expect(await ask('list --json', ['list'])).toMatchObject([{ job: 'postgres', target: 'vault', from: 'history' }]);
  });
  it('and no output is left out', () => {
    expect([...held].sort()).toEqual(OUTPUTS.filter((output) => !output.startsWith('offsite-')).sort());
  });
});
