import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { checkDirectories } from '../../../remote-scripts/gate/check/directories.ts';
import { writerMark } from '../../../src/platform/writer-mark.ts';
import { createStore, type Store } from '../prune/support/store.ts';

let store: Store | undefined;
afterEach(() => store?.remove());

it('offsite-gate --check clears what a check that was killed has left, and nothing that is not its own', async () => {
  store = createStore();
  const { root } = store;
  const ended = execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).trim();
  const names = [`.check.${ended}`, `.check.${ended}.1.2`, `.check.${writerMark().replace(/\.\d+\./, '.1.')}`];
  for (const name of [...names, `.check.${process.pid}`]) {
    writeFileSync(join(root, name), '');
    utimesSync(join(root, name), 1, 1);
  }
  writeFileSync(join(root, '.check.4711'), 'just now: it may go on beside us');
  mkdirSync(join(root, '.check.1.1.1'));
  const account = { name: 'offsite-web1', uid: process.getuid!(), home: '/', shell: '/bin/sh' };
  const findings = await checkDirectories(store.settings, store.host, account);
  expect(findings.filter(({ text }) => text.includes('xattrs'))).toHaveLength(1);
  expect(
    readdirSync(root)
      .filter((name) => name.startsWith('.check'))
      .sort(),
  ).toEqual(['.check.1.1.1', '.check.4711']);
});
