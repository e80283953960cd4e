import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAttempts } from '../../../remote-scripts/store/ledger.ts';
import { writeLog } from '../../../remote-scripts/store/gate-log.ts';
import { loadGateSettings } from '../../../remote-scripts/gate/settings.ts';
import { completeSeals } from '../../../remote-scripts/gate/sealing.ts';
import { jobPaths } from '../../../remote-scripts/store/places.ts';
import { loadSecondaryConfig } from '../../../remote-scripts/config/load.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';

const ID = parseSnapshotId('2026-11-23T021500Z')!;

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'offsite-odd-'));
});
afterEach(() => rmSync(base, { recursive: true }));

/** What may lie in the place of a file; what is too large is none of the ledger's, of which the end alone is read. */
const ODDITIES: Readonly<Record<string, (path: string) => void>> = {
  'a named pipe': (path) => execFileSync('mkfifo', [path]),
  'a directory': (path) => mkdirSync(path),
  'a link that leads round in a circle': (path) => symlinkSync(path, path),
};

const LARGE: typeof ODDITIES = {
  'a file of 600 MB': (path) => {
    writeFileSync(path, '{');
    truncateSync(path, 600 * 1024 ** 2);
  },
};

const paths = () => jobPaths({ root: base, state: base }, 'db');

describe.each(Object.entries({ ...ODDITIES, ...LARGE }))('%s', (oddity, put) => {
  it('in the place of the settings is named, by the gate and by prune', { timeout: 10_000 }, async () => {
    const path = join(base, 'secondary.yaml');
    put(path);
    await expect(loadGateSettings(path, 'web1', '1')).rejects.toThrow(`${path} cannot be read`);
    await expect(loadSecondaryConfig(path)).rejects.toThrow(`${path} cannot be read`);
  });

  it('in the place of an accepted seal is named', { timeout: 10_000 }, async () => {
    mkdirSync(paths().accepted, { recursive: true });
    put(join(paths().accepted, `${ID}.sealed`));
    await expect(completeSeals(paths())).rejects.toThrow(/a file belongs there/);
  });

  it('in the place of the log stops no session', { timeout: 10_000 }, async () => {
    put(join(base, 'gate.log'));
    const context = { time: new Date('2026-11-23T02:15:00Z'), client: '192.0.2.1' };
    await expect(writeLog(join(base, 'gate.log'), context, { event: 'refused' })).resolves.toBeUndefined();
  });

  if (oddity in LARGE) return;
  it('in the place of the ledger is named', { timeout: 10_000 }, async () => {
    put(join(base, 'ledger'));
    await expect(readAttempts(join(base, 'ledger'))).rejects.toThrow(/a file belongs there/);
  });
});

describe('a log that has become large', () => {
  const context = { time: new Date('2026-11-23T02:15:00Z'), client: '192.0.2.1' };
  const log = () => join(base, 'gate.log');
  const fill = async () => {
    writeFileSync(log(), 'x'.repeat(5 * 1024 ** 2));
    await writeLog(log(), context, { event: 'refused' });
  };

  it('is put aside, and a new one begins', async () => {
    await fill();
    expect(existsSync(log())).toBe(false);
    expect(statSync(`${log()}.1`).size).toBeGreaterThan(5 * 1024 ** 2);
  });

  it('begins anew where it cannot be put aside, so that nobody can fill the disk with refusals', async () => {
    mkdirSync(`${log()}.1`);
    await fill();
    expect(statSync(log()).size).toBe(0);
    await writeLog(log(), context, { event: 'refused' });
    expect(readFileSync(log(), 'utf8')).toContain('"refused"');
  });

  it('keeps its lines when it cannot be put aside for another reason: another session may have done it', async () => {
    const long = join(base, 'x'.repeat(254)); // with two more letters no name of a file
    writeFileSync(long, 'x'.repeat(5 * 1024 ** 2));
    await writeLog(long, context, { event: 'refused' });
    expect(statSync(long).size).toBeGreaterThan(5 * 1024 ** 2);
  });
});
