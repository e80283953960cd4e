import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseSeal } from '../../src/shared/seal.ts';
import { parseSnapshotId, type SnapshotId } from '../../src/shared/snapshot-id.ts';
import { startGateHost, type GateHost } from '../ssh/support/gate-host.ts';

let host: GateHost;

beforeAll(async () => {
  host = await startGateHost();
  const shim = join(host.sshd.directory, 'die.cjs');
  await writeFile(shim, DIE_AT);
  const gate = `${host.bundle} --config ${host.config} web1`;
  await host.sshd.authorize(`DIE_ORDER=${order()} ${process.execPath} --require ${shim} ${gate}`);
  await writeFile(join(host.source, 'dump.sql'), 'hello\n');
});
afterAll(() => host.stop());

// Loaded before the gate: kills it with SIGKILL before the n-th change it makes to a name or a file.
const DIE_AT = `
const fs = require('node:fs');
const childProcess = require('node:child_process');
const order = process.env.DIE_ORDER;
let left = fs.existsSync(order) ? Number(fs.readFileSync(order, 'utf8')) : Infinity;
let begun = false;
function before(what) {
  // Until then nothing is written that could be left half done.
  begun ||= what === 'sync' || what.includes('.attempts.jsonl');
  if (begun) left -= 1;
  if (left > 0) return;
  fs.writeFileSync(order + '.died', what);
  process.kill(process.pid, 'SIGKILL');
}
for (const name of ['open', 'rename', 'rm', 'mkdir', 'writeFile']) {
  const original = fs.promises[name];
  fs.promises[name] = (...args) => {
    if (!/settings\\.json|gate\\.log|secondary\\.yaml/.test(String(args[0]))) before(name + ' ' + args[0]);
    return original(...args);
  };
}
const { spawnSync } = childProcess;
childProcess.spawnSync = (...args) => { before(args[0]); return spawnSync(...args); };
require('node:module').syncBuiltinESMExports();
`;

const order = () => join(host.hostState, 'die');
const arm = (at: number) => writeFile(order(), `${at}`, { mode: 0o644 });
const disarm = () => rm(order(), { force: true });
const names = () => readdir(host.jobDirectory);

/** What must hold whenever the gate is not at work, however it died before. */
async function expectSound(): Promise<void> {
  const all = await names();
  for (const name of all) {
    if (parseSnapshotId(name) === undefined) continue;
    const accepted = await readdir(join(host.hostState, 'spool/db/accepted'));
    // Complete by its name: sealed, or accepted and on its way there.
    expect(all.includes(`${name}.sealed`) || accepted.includes(`${name}.sealed`)).toBe(true);
  }
  for (const name of all.filter((each) => each.endsWith('.sealed'))) {
    const id = parseSnapshotId(name.replace('.sealed', ''))!;
    expect(all).toContain(id);
    expect(parseSeal(await readFile(join(host.jobDirectory, name), 'utf8'), { id, job: 'db' })).toHaveProperty(
      'receipt',
    );
  }
}

async function expectWellSealed(id: SnapshotId): Promise<void> {
  await expectSound();
  const own = (await names()).filter((name) => name.includes(id));
  expect(own).toEqual([id, `${id}.sealed`]);
  expect(await readdir(join(host.hostState, 'spool/db/accepted'))).toEqual([]);
}

test('dying before any step of sealing loses nothing: the sender seals again, or the next push goes on', async () => {
  const died: string[] = [];
  for (let at = 1; ; at += 1) {
    await disarm();
    const id = host.nextId();
    await host.push(id);
    await arm(at);
    const end = await host.seal(id);
    if (end.code === 0) {
      await expectWellSealed(id);
      break;
    }
    died.push(await readFile(`${order()}.died`, 'utf8'));
    await expectSound();
    await disarm();
    if (/^sync$|unflushed$/.test(died.at(-1) ?? '')) {
      // Nobody knows what the kernel said of the disk, so nothing may be made of it.
      expect((await host.seal(id)).stderr).toContain(`offsite-gate: refused: there is no snapshot ${id} to seal`);
      expect((await names()).filter((name) => name.includes(id))).toEqual([]);
      expect(await readdir(join(host.jobDirectory, '../.trash'))).toContain(`db.${id}.partial`);
    } else if (at % 2 === 0) {
      expect(await host.seal(id)).toMatchObject({ code: 0, stderr: '' });
      await expectWellSealed(id);
    } else {
      // The sender has given up on it: it is sealed if the seal had been accepted. If not, the next push goes on in its tree.
      const next = host.nextId();
      expect((await host.push(next, { bases: [id] })).code).toBe(0);
      const own = (await names()).filter((name) => name.includes(id));
      expect([[], [id, `${id}.sealed`]]).toContainEqual(own);
      await expectSound();
    }
  }
  // The steps of sealing.ts, each seen: the test would prove little if it died elsewhere.
  expect(died.join('\n')).toMatch(
    /sync\n[^]*rm .*unflushed\n[^]*rename .*accepted\/[^]*rename .*\.partial\n[^]*rename .*\/db\/\..*\.tmp\n[^]*rm .*accepted\//,
  );
  expect((await names()).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('dying before any step of a push leaves only what the next push can deal with', async () => {
  for (let at = 1; at < 8; at += 1) {
    await arm(at);
    const id = host.nextId();
    const end = await host.push(id);
    await disarm();
    const next = host.nextId();
    expect(await host.push(next)).toMatchObject({ code: 0, stderr: '' });
    expect((await names()).filter((name) => name.endsWith('.partial'))).toEqual([`${next}.partial`]);
    await expectSound();
    if (end.code === 0) break;
  }
});
