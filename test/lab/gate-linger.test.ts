import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { startGateHost, type GateHost } from '../ssh/support/gate-host.ts';

/* A process of rsync's group that outlives rsync: what it writes must never reach what the gate links afterwards. */

let host: GateHost;
let sealed: SnapshotId;

beforeEach(async () => {
  host = await startGateHost();
  await writeFile(join(host.source, 'dump.sql'), 'sealed\n');
  sealed = await host.store();
});
afterEach(() => host.stop());

// Loaded before the gate, which looks for rrsync in fixed places only.
const OTHER_RRSYNC = `
const childProcess = require('node:child_process');
const { spawn } = childProcess;
childProcess.spawn = (file, args, options) =>
  spawn(file, args.map((word) => (word === 'rrsync' ? process.env.RRSYNC : word)), options);
require('node:module').syncBuiltinESMExports();
`;

/** Lets rrsync start a process that goes on when rsync has ended. @param script has the tree of the push in `$tree` */
async function leaveBehind(script: string): Promise<void> {
  const [shim, rrsync] = ['shim.cjs', 'rrsync'].map((name) => join(host.sshd.directory, name)) as [string, string];
  await writeFile(shim, OTHER_RRSYNC);
  await writeFile(
    rrsync,
    `#!/bin/sh
for root; do :; done
(
  while kill -0 $$; do sleep 0.1; done
  for tree in "$root"/*.partial; do :; done
  ${script}
) </dev/null >/dev/null 2>&1 3>&- &
exec rrsync "$@"
`,
  );
  await chmod(rrsync, 0o755);
  const gate = `${host.bundle} --config ${host.config} web1`;
  await host.sshd.authorize(`RRSYNC=${rrsync} ${process.execPath} --require ${shim} ${gate}`);
}

const read = (...names: string[]) => readFile(join(host.jobDirectory, ...names), 'utf8');

test('is waited for before anything is linked, so that it cannot write into a sealed file', async () => {
  await leaveBehind('sleep 1; echo late > "$tree/dump.sql"');
  const id = host.nextId();
  expect(await host.push(id, { bases: [sealed] })).toMatchObject({ code: 0 });
  expect(await read(`${id}.partial`, 'dump.sql')).toBe('late\n');
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(await read(sealed, 'dump.sql')).toBe('sealed\n');
});

test('is ended when it does not end, and so is the push, into which nothing is linked', async () => {
  await leaveBehind('sleep 300');
  const id = host.nextId();
  const { code, stderr } = await host.push(id, { bases: [sealed] });
  expect(code).not.toBe(0);
  expect(stderr).toContain('offsite-gate: broke: a process of the session went on after its program had ended');
  expect(await readdir(join(host.jobDirectory, `${id}.frozen`))).toEqual([]);
});
