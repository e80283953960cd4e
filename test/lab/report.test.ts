import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { RunRecord } from '../../src/state/run-record.ts';
import { runRecord, writeStateDirectory } from '../unit/insight/support/records.ts';

const DAY = 86_400_000;
let directory: string;
let browser: Browser;

/** Debian's package `chromium`; a profile of its own is made and removed by playwright. */
const CHROMIUM = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

/** Eighty days with everything in them: growth, failures, gaps, an hourly job, a stale one, one that never ran. */
function sampleRuns(now: number): RunRecord[] {
  const at = (day: number, time: string) => `${new Date(now - day * DAY).toISOString().slice(0, 10)}T${time}:00Z`;
  const runs: RunRecord[] = [];
  for (let day = 80; day >= 1; day -= 1) {
    const bytes = Math.round((3 + (80 - day) * 0.03) * 1024 ** 3);
    const started = at(day, '02:16');
    const transfer = { ...runRecord(started).transfer!, sentBytes: day === 80 ? bytes : 30_000_000 + day * 1000 };
    if (day === 40)
      runs.push(runRecord(started, { outcome: 'secondary-full', reason: `${'long'.repeat(100)} <b>x</b>` }));
    else if (day !== 30) runs.push(runRecord(started, { bytes, transfer }));
  }
  for (let day = 30; day >= 6; day -= 1) runs.push(runRecord(at(day, '03:30'), { job: 'files' }));
  for (let hour = 400; hour >= 1; hour -= 1) {
    runs.push(runRecord(new Date(now - hour * 3_600_000).toISOString(), { job: `wal-${'archive'.repeat(7)}` }));
  }
  return runs;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-'));
  const now = Date.now();
  await writeStateDirectory(join(directory, 'state'), sampleRuns(now));
  const reference = { env: 'NOT_SET' };
  const daily = { schedule: '15 2 * * *', grace: '3h' };
  await writeFile(
    join(directory, 'config.yaml'),
    JSON.stringify({
      version: 1,
      state_dir: join(directory, 'state'),
      targets: { vault: { host: reference, user: reference, identity: reference, known_hosts: reference } },
      jobs: {
        postgres: { source: '/x', expect: { ...daily, grace: '30h' } },
        files: { source: '/x', expect: daily },
        [`wal-${'archive'.repeat(7)}`]: { source: '/x' },
        'new-application': { source: '/x' },
      },
    }),
  );
  for (const days of ['90', '365']) {
    const words = ['report', '--days', days, '--out', join(directory, `${days}.html`)];
    const { status, stderr } = spawnSync(
      process.execPath,
      [inject('cli'), ...words, '--config', join(directory, 'config.yaml')],
      { encoding: 'utf8' },
    );
    expect(status, stderr).toBe(0);
  }
  browser = await chromium.launch(CHROMIUM);
});

afterAll(async () => {
  await browser.close();
  await rm(directory, { recursive: true, force: true });
});

/** Code that runs in the browser; types of a browser have no place in this program. */
const questions = readFileSync(new URL('support/page-questions.js', import.meta.url), 'utf8');

async function ask<T>(page: Page, question: string): Promise<T> {
  await page.evaluate(questions);
  return page.evaluate<T>(`questions.${question}()`);
}

const VIEWS = [360, 768, 1440].flatMap((width) =>
  (['light', 'dark'] as const).flatMap((scheme) => ['90', '365'].map((days) => ({ width, scheme, days }))),
);

describe('the report in a real browser', () => {
  it.each(VIEWS)('fits $width pixels, $scheme, $days days', async ({ width, scheme, days }) => {
    const page: Page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
    const complaints: string[] = [];
    const asked: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`file://${directory}/${days}.html`);

    expect(complaints).toEqual([]);
    expect(asked).toEqual([`file://${directory}/${days}.html`]);
    expect(await ask<number>(page, 'pageWidth')).toBe(width);
    expect(await ask<string[]>(page, 'sticksOut')).toEqual([]);
    for (const selector of ['h1', '.verdict', '.overview', '.card', '.calendar', '.chart svg', '.legend']) {
      expect(await page.locator(selector).first().isVisible(), selector).toBe(true);
    }
    expect(await page.locator('.card').count()).toBe(4);
    for (const state of ['sealed', 'failed', 'missing', 'none']) {
      expect(await page.locator(`.day[data-state=${state}]`).count(), state).toBeGreaterThan(0);
    }
    // Today, at the right end, can be seen without scrolling.
    const today = await page.locator('#postgres\\@vault .day').last().boundingBox();
    expect((today?.x ?? Infinity) + (today?.width ?? 0)).toBeLessThanOrEqual(width);
    expect(await ask<string>(page, 'background')).toBe(scheme === 'dark' ? 'rgb(14, 19, 25)' : 'rgb(244, 246, 248)');
    expect(await ask<string[]>(page, 'faintTexts')).toEqual([]);
    await page.close();
  });

  it('has a name for everything that is drawn, and one heading for each level', async () => {
    const page = await browser.newPage();
    await page.goto(`file://${directory}/90.html`);
    expect(await ask<number>(page, 'namelessDrawings')).toBe(0);
    expect(await page.locator('h1').count()).toBe(1);
    expect(await page.getByRole('img', { name: /postgres to vault: 90 days, \d+ sealed/ }).count()).toBe(1);
    await page.getByRole('link', { name: 'files → vault' }).click();
    expect(page.url()).toContain('#files@vault');
    await page.close();
  });
});
