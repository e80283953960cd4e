import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { report, type ReportOptions } from '../../../src/commands/report.ts';
import { runRecord, writeStateDirectory } from '../insight/support/records.ts';
import { makeConfig, testContext, type ConfigDirectory } from './support.ts';

const NOW = '2026-11-23T08:00:00Z';
let place: ConfigDirectory;

beforeEach(async () => {
  place = await makeConfig({
    postgres: { source: '/x', expect: { schedule: '15 2 * * *', grace: '1h' } },
    files: { source: '/y' },
  });
});

afterEach(() => place.remove());

async function page(options: Partial<ReportOptions> = {}, environment: Record<string, string> = {}) {
  const context = testContext(NOW, { environment });
  const out = join(place.directory, 'report.html');
  expect(await report({ config: place.config, out, days: '90', ...options }, context)).toBe(0);
  return { html: await readFile(out, 'utf8').catch(() => ''), said: context.said(), out };
}

describe('report', () => {
  it('writes one page that asks nobody for anything', async () => {
    await writeStateDirectory(place.state, [runRecord('2026-11-22T02:16:00Z'), runRecord('2026-11-23T02:16:00Z')]);
    const { html, said, out } = await page();
    expect(said).toBe(`${out}: 2 backups over 90 days.\n`);
    expect((await stat(out)).mode & 0o777).toBe(0o644);
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|\bsrc=|\bon\w+=|http:|https:/);
    expect(html).toContain("default-src 'none'");
    expect(html).toContain('Mon 2026-11-23: sealed (1 snapshot, 3.00 GiB, 19.5 KiB sent)');
    expect(html).toContain('1 of 2 backups in order');
  });

  it('escapes what runs have said, and leaves out what cannot be seen', async () => {
    const reason = `rsync: "<img src=x onerror=alert(1)>" & 'more'\u202e\u0007\u001b[31m failed`;
    await writeStateDirectory(place.state, [runRecord('2026-11-23T02:16:00Z', { outcome: 'incomplete', reason })]);
    const { html } = await page();
    expect(html).toContain('&quot;&lt;img src=x onerror=alert(1)&gt;&quot; &amp; &#39;more&#39;');
    expect(html).not.toContain('<img');
    for (const unseen of ['\u202e', '\u0007', '\u001b']) expect(html).not.toContain(unseen);
  });

  it('looks once more for the secrets that this host knows', async () => {
    const reason = 'ssh: connect to host vault.example.net port 22: refused';
    await writeStateDirectory(place.state, [
      runRecord('2026-11-23T02:16:00Z', { outcome: 'could-not-connect', reason }),
    ]);
    const { html } = await page({}, { NOT_SET: 'vault.example.net' });
    expect(html).toContain('ssh: connect to host [');
    expect(html).not.toContain('vault.example.net');
  });

  it('says what is stale', async () => {
    await writeStateDirectory(place.state, [runRecord('2026-11-21T02:16:00Z')]);
    const { html, said } = await page({ days: '5' });
    expect(said).toContain('2 backups over 5 days, 1 stale.');
    expect(html).toContain('Not everything is secured');
    expect(html).toContain('5 days, 1 sealed, 0 late, 0 failed, 2 missing');
  });

  it('says what there is to restore from, and since when everything is known to be intact', async () => {
    await writeStateDirectory(
      place.state,
      ['20', '21', '22'].map((day) => runRecord(`2026-11-${day}T02:16:00Z`)),
    );
    const { html } = await page();
    expect(html).toContain('To restore from: <code>2026-11-22T021600Z</code>, with data from 1 d 5 h ago.');
    expect(html).toContain('Before it, 2 snapshots sealed since 2026-11-20; which of them are kept, the secondary');
    expect(html).toContain('Nothing is known that could be restored.'); // of the other job
    expect(html).toMatch(/Last verification<\/dt><dd>intact<small>1 d 5 h ago, /);
    expect(html).toMatch(/Found intact<\/dt><dd>\d/);
  });

  it('speaks in one time zone', async () => {
    await place.remove();
    place = await makeConfig({
      postgres: { source: '/x', expect: { schedule: '15 2 * * *', timezone: 'Europe/Berlin', grace: '1h' } },
    });
    await writeStateDirectory(place.state, [runRecord('2026-11-21T01:16:00Z')]);
    const { html } = await page();
    expect(html).toContain(
      'No sealed snapshot since 2026-11-21T011600Z: one was due 2026-11-22 01:15 UTC, 1 d 6 h ago.',
    );
  });

  it('lists the same failure in a row once', async () => {
    const runs = [1, 2, 3].map((hour) => runRecord(`2026-11-23T0${hour}:00:00Z`, { outcome: 'connection-lost' }));
    await writeStateDirectory(place.state, runs);
    const { html } = await page();
    expect(html).toMatch(
      /2026-11-23 01:02<\/time> – <time [^>]*>2026-11-23 03:02 UTC<.*connection lost, 3 times in a row/,
    );
    expect(html.split('ssh: the line broke')).toHaveLength(3); // here, and where it says why
  });

  it('is a page before the first run, too', async () => {
    const { html } = await page();
    expect(html).toContain('never secured');
    expect(html).toContain('no snapshot in these days');
  });

  it('refuses a number of days that is none, and a file that it cannot write', async () => {
    await expect(page({ days: '0' })).rejects.toThrow('--days 0: write a whole number from 1 to 731.');
    await expect(page({ out: '/nonexistent/report.html' })).rejects.toThrow(
      /The report cannot be written to \/nonexistent\/report\.html: ENOENT/,
    );
    await expect(page({ out: place.directory })).rejects.toThrow(/The report cannot be written: \S+ is a directory/);
  });
});
