import { spawnSync } from 'node:child_process';
import { expect, inject, it } from 'vitest';

it('the demo plays its whole story, with the programs as they are built', { timeout: 120_000 }, () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [inject('cli'), 'demo'], { encoding: 'utf8' });
  expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
});
