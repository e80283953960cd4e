import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alertStale } from '../../../src/commands/status/stale-alert.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { allPairs, readStandings } from '../../../src/insight/read-standings.ts';
import { loadStaleNote, saveStaleNote } from '../../../src/state/stale-note.ts';
import { runRecord, writeStateDirectory } from '../insight/support/records.ts';
import { makeConfig, testContext, type ConfigDirectory } from './support.ts';

const NOW = new Date('2026-11-23T08:00:00Z');
const OLD = runRecord('2026-11-21T02:16:00Z');
const NEW = runRecord('2026-11-23T07:59:00Z');
let place: ConfigDirectory;

beforeEach(async () => {
  place = await makeConfig(
    { postgres: { source: '/x', expect: { schedule: '15 2 * * *' } } },
    { alerts: { channels: { file: { type: 'command', command: ['/bin/sh', '-c', 'exit 0'], retries: 0 } } } },
  );
  await writeStateDirectory(place.state, [OLD]);
});

afterEach(() => place.remove());

async function check() {
  const settings = await loadConfig(place.config);
  const standings = await readStandings(settings, allPairs(settings), NOW);
  const context = testContext(NOW.toISOString());
  return { settings, standings, context };
}

const told = (lines: readonly { text: string }[]) => lines.filter(({ text }) => text.startsWith('Stale: ')).length;

describe('a run that ends while the freshness check is on its way', () => {
  it('keeps the check quiet, and no note is left for a recovery that nobody needs', async () => {
    const { settings, standings, context } = await check();
    expect(standings[0]?.stale).toBe(true);
    await writeStateDirectory(place.state, [OLD, NEW]);
    await alertStale(settings, standings, NOW, context);
    expect(told(context.lines)).toBe(0);
    expect(await loadStaleNote(place.state, 'postgres', 'vault')).toBeUndefined();
  });

  it('takes the note away for good, also when that happens while people are being told', async () => {
    const { settings, standings, context } = await check();
    const note = join(place.state, 'jobs', 'postgres@vault.stale.json');
    const channel = {
      type: 'command',
      command: ['/bin/rm', note],
      events: ['stale'],
      timeout: '5s',
      retries: 0,
      env: {},
    };
    const alerts = { channels: { file: channel } } as unknown as typeof settings.alerts;
    await alertStale({ ...settings, alerts }, standings, NOW, context);
    expect(told(context.lines)).toBe(1);
    await expect(access(note)).rejects.toThrow('ENOENT');
  });
});

describe('the note of a stale job', () => {
  it('says since when, and how often people were told', async () => {
    const { settings, standings, context } = await check();
    await alertStale(settings, standings, NOW, context);
    const text = await readFile(join(place.state, 'jobs', 'postgres@vault.stale.json'), 'utf8');
    expect(JSON.parse(text)).toEqual({
      version: 1,
      since: NOW.toISOString(),
      lastTold: NOW.toISOString(),
      told: 1,
    });
  });

  it('goes when the job is fresh again without a run of ours: another schedule, another clock', async () => {
    await saveStaleNote(place.state, 'postgres', 'vault', {
      version: 1,
      since: '2026-11-22T00:00:00Z',
      lastTold: '2026-11-22T00:00:00Z',
      told: 1,
    });
    await writeStateDirectory(place.state, [OLD, NEW]);
    const { settings, standings, context } = await check();
    await alertStale(settings, standings, NOW, context);
    expect(context.lines).toEqual([]);
    expect(await loadStaleNote(place.state, 'postgres', 'vault')).toBeUndefined();
  });
});
