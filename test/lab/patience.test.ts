import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makePrimary } from '../ssh/support/primary.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';
import { startSecondary } from '../ssh/support/secondary.ts';
import { until } from '../support/until.ts';

const stops: (() => Promise<unknown>)[] = [];

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

test('a run ends soon when a signal comes while people are being told', async () => {
  const secondary = await startSecondary();
  stops.push(() => secondary.stop());
  const primary = await makePrimary(secondary, 'patience');
  stops.push(() => primary.stop());
  await fillSampleTree(primary.source);
  const tell = join(primary.directory, 'tell');
  await writeFile(tell, '#!/bin/sh\nexec sleep 100\n', { mode: 0o755 });
  const running = await primary.start('run', 'patience');
  await until(() => running.said().includes('Secured'));
  const before = performance.now();
  running.child.kill('SIGTERM');
  expect((await running.ended).code).toBe(0); // the snapshot is sealed
  expect(performance.now() - before).toBeLessThan(25_000);
});
