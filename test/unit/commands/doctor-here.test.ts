import { afterEach, beforeEach, expect, it } from 'vitest';
import { findingsHere } from '../../../src/commands/doctor/here.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { RunProcess } from '../../../src/platform/process.ts';
import { makeConfig, testContext, type ConfigDirectory } from './support.ts';

let place: ConfigDirectory;
beforeEach(async () => {
  place = await makeConfig({ postgres: { source: '/x' }, www: { source: '/y' } });
});
afterEach(() => place.remove());

/** A systemd that knows some units: a stand-in, which answers as `systemctl show` does. */
function systemd(units: Readonly<Record<string, readonly string[]>>): RunProcess {
  return ({ program, args, onStdoutLine }) => {
    if (program !== 'systemctl') return Promise.resolve({ kind: 'exited', code: 1, stderrTail: '' });
    for (const line of units[args.at(-1) ?? ''] ?? ['LoadState=not-found']) onStdoutLine?.(line);
    return Promise.resolve({ kind: 'exited', code: 0, stderrTail: '' });
  };
}

async function found(runProcess: RunProcess): Promise<string> {
  const context = testContext('2026-11-23T08:00:00Z', { runProcess });
  const findings = await findingsHere(await loadConfig(place.config), place.config, context);
  return findings.map(({ kind, text }) => `${kind}: ${text}`).join('\n');
}

const TEMPLATE = ['LoadState=loaded', 'DropInPaths='];
const OF_A_JOB = (job: string) => [
  'LoadState=loaded',
  `DropInPaths=/etc/systemd/system/offsite-rsync@${job}.service.d/job.conf`,
];

it('units are installed for a job whose own file is there, and not because the template is', async () => {
  const text = await found(
    systemd({
      'offsite-rsync-freshness.timer': ['LoadState=loaded', 'UnitFileState=enabled'],
      'offsite-rsync@postgres.service': OF_A_JOB('postgres'),
      'offsite-rsync@www.service': TEMPLATE,
    }),
  );
  expect(text).toContain('good: units are installed for postgres\n');
  expect(text).toContain('good: offsite-rsync-freshness.timer is enabled\n');
  expect(text).toMatch(/note: no units for www: offsite-rsync units www( --user)? --backup-unit UNIT --write/);
});

it('says that the timer is not enabled, and how it is', async () => {
  const text = await found(
    systemd({
      'offsite-rsync-freshness.timer': ['LoadState=loaded', 'UnitFileState=disabled'],
      'offsite-rsync@postgres.service': OF_A_JOB('postgres'),
    }),
  );
  expect(text).toMatch(/note: offsite-rsync-freshness.timer is not enabled: systemctl( --user)? enable --now /);
});

it('says that no systemd answers', async () => {
  const text = await found(() =>
    Promise.resolve({ kind: 'exited', code: 1, stderrTail: 'System has not been booted' }),
  );
  expect(text).toContain('note: no systemd answers here');
});
