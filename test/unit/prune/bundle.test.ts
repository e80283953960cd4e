import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { bundleSecondary, type Bundled } from '../../../scripts/bundle.mjs';
import { prune } from './support/run-prune.ts';

let directory: string;
let path: string;
let bundle: Bundled;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'offsite-bundle-'));
  bundle = await bundleSecondary('offsite-prune', directory, inject('version'));
  path = join(directory, 'offsite-prune.mjs');
});
afterAll(() => rmSync(directory, { recursive: true }));

it('is what is installed', () => {
  expect(readFileSync(inject('prune'), 'utf8') === readFileSync(path, 'utf8')).toBe(true);
});

it('holds nothing of the controller and nothing of the gate', () => {
  const ours = bundle.inputs.filter((path) => !path.includes('node_modules'));
  expect(ours).toContain('remote-scripts/prune/plan.ts');
  expect(
    ours.filter(
      (path) =>
        !/^(remote-scripts\/(offsite-prune\.ts|commands\/prune\.ts|prune\/|program\/|telling\/|config\/|retention\/|store\/)|src\/(rsync\/itemized\.ts|(notify|settings|platform|shared)\/))/.test(
          path,
        ),
    ),
  ).toEqual([]);
});

it('needs only node', () => {
  const modules = new Set(builtinModules);
  const foreign = bundle.imports.filter((name) => !modules.has(name.replace(/^node:/, '')));
  expect(foreign).toEqual([]);
  expect(statSync(path).size).toBeLessThan(4 * 2 ** 20);
});

it('documents its exit codes in its help', async () => {
  const { code, stdout } = await prune(['--help']);
  expect(code).toBe(0);
  for (const line of [
    '0    done',
    '2    usage',
    '4    another prune',
    '40   status, check',
    '41   on hold',
    '42   status',
  ]) {
    expect(stdout).toContain(line);
  }
});

it.each([
  [['--nonsense']],
  [['web1', 'more']],
  [[]],
  [['web1', '--simulate', 'soon']],
  [['web1', '--config', '/nowhere']],
])('refuses %j with exit 2', async (args) => {
  const { code, stderr } = await prune(args);
  expect(code).toBe(2);
  expect(stderr).not.toBe('');
});
