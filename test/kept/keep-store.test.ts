import { appendFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { startGateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary } from '../ssh/support/primary.ts';
import { dumpText, fillSampleTree } from '../ssh/support/sample-tree.ts';
import { until } from '../support/until.ts';
import { prune, startProgram } from '../unit/prune/support/run-prune.ts';
import { keep } from './archive.ts';

test('keeps what this version writes: two snapshots and a broken attempt, with everything that is known of them', async () => {
  const secondary = await startGateSecondary();
  const primary = await makePrimary(secondary, 'db');
  const at = (name: string) => join(primary.source, name);
  const there = [secondary.gate.config, secondary.sshd.account.uid] as const;
  const scrub = () => startProgram(inject('scrub'), ['web1', '--all', '--config', there[0]], there[1]).ended;
  try {
    await primary.configure({ target: { secondary: 'gate', compress: false } });
    await fillSampleTree(primary.source);
    await writeFile(at('dump.sql'), dumpText(20, 1));
    const first = await primary.secure();
    expect(await scrub()).toMatchObject({ code: 0 });
    await appendFile(at('dump.sql'), 'one more line\n');
    await primary.secure();
    expect((await primary.call('verify', 'db')).code).toBe(0);
    expect(await scrub()).toMatchObject({ code: 0 });
    const pin = ['pin', 'web1', 'db', first, '--why', 'kept for later versions', '--config', there[0]];
    expect(await prune(pin, there[1])).toMatchObject({ code: 0 });
    expect(await prune(['web1', '--config', there[0]], there[1])).toMatchObject({ code: 0 });

    const { atime, mtime } = await stat(primary.source);
    await writeFile(at('large.sql'), 'x'.repeat(4_000_000));
    secondary.line.after(1_000_000, () => secondary.line.cut());
    expect((await primary.call('run', 'db')).code).toBe(12);
    await until(async () => (await secondary.names('db')).some((name) => name.endsWith('.frozen')));
    await rm(at('large.sql'));
    await utimes(primary.source, atime, mtime);
    keep(inject('version'), secondary, primary);
  } finally {
    await primary.stop();
    await secondary.stop();
  }
});
