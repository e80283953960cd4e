import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
// As it is configured, but for the rules of the house alone and without types: those of the whole program take long.
const linter = new ESLint({
  cwd: root,
  ruleFilter: ({ ruleId }) => ruleId.startsWith('house/'),
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
});

/** What a rule of the house says when a line is added to a file; the rules are the real ones, and so is the file. */
async function objections(rule: string, file: string, planted: string): Promise<string[]> {
  const filePath = join(root, file);
  const [result] = await linter.lintText(`${await readFile(filePath, 'utf8')}${planted}\n`, { filePath });
  return (result?.messages ?? []).filter(({ ruleId }) => ruleId === rule).map(({ message }) => message);
}

describe('the linter', () => {
  it.each([
    ["import '../run/attempt/push.ts';", 'src/state may not import src/run'],
    ["export * from '../commands/run.ts';", 'src/state may not import src/commands'],
    ["export const later = () => import('../run/attempt/push.ts');", 'src/state may not import src/run'],
    ['export const later = (what: string): Promise<unknown> => import(what);', 'must be written out'],
    [
      "export let secondary: import('../../remote-scripts/gate/request.ts').GateRequest;",
      'may not import remote-scripts/gate',
    ],
  ])('objects to a forbidden import: %s', async (planted, objection) => {
    const found = await objections('house/rooms', 'src/state/run-lock.ts', planted);
    expect(found).toEqual([expect.stringContaining(objection)]);
  });

  it.each([
    ["join('/srv', 'spool')", 'spool'],
    ['`${String(1)}.partial`', '.partial'],
    [String.raw`/\.unflushed$/`, '.unflushed'],
    ["'/srv/offsite/.trash'", '.trash'],
  ])('objects to a name on the secondary’s disk outside of the store: %s', async (planted, name) => {
    const line = `export const planted = ${planted};`;
    const found = await objections('house/disk-names', 'remote-scripts/prune/survey.ts', line);
    expect(found).toEqual([expect.stringContaining(`${name} is a name on the secondary's disk`)]);
  });
});
