import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { lookAhead, type Outlook } from '../../remote-scripts/prune/page/outlook.ts';
import { renderPart, renderSecondaryPage, type HostPart } from '../../remote-scripts/prune/page/page.ts';
import type { HostStatus } from '../../remote-scripts/prune/report.ts';
import { fullStatus } from '../unit/prune/support/status.ts';
import { createStore } from '../unit/prune/support/store.ts';
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
  await writeSecondaryPages();
  browser = await chromium.launch(CHROMIUM);
});

/** Two hosts: one of which everything is known, and one of which everything is wrong. */
async function writeSecondaryPages(): Promise<void> {
  const store = createStore({
    retention: '{ last: 3, daily: 14, monthly: 12 }',
    jobs: '{ postgres: { expect: { schedule: "0 0 * * *" }, drill: {} }, "an-application-with-a-long-name": {} }',
  });
  store.remove();
  const now = new Date();
  const good = fullStatus(store.host, now);
  const [plan] = good.plans;
  const bad: HostStatus = {
    ...{
      ...good,
      host: 'mail',
      lastRun: undefined,
      fullIn: undefined,
      faults: [{ job: 'gone', reason: `<b>${'x'.repeat(200)}`, refused: false }],
    },
    plans: [
      { ...plan!, job: 'held', holds: [{ kind: 'churn', reason: '97% was rewritten' }] },
      { ...plan!, job: 'damaged', damage: { ...plan!.damage, omitted: 3 } },
      { ...plan!, job: 'empty', decisions: [], newest: undefined, churn: undefined, stored: undefined },
    ],
  };
  for (const days of [90, 365]) {
    const setting = { at: now, timezone: 'UTC', days };
    const parts: HostPart[] = [];
    for (const status of [good, bad]) {
      const outlooks = new Map<string, Outlook>();
      for (const each of status.plans) {
        const outlook = await lookAhead(store.host, each, { timezone: 'UTC', now });
        if (outlook) outlooks.set(each.job, outlook);
      }
      const space = new Map(
        Array.from({ length: 60 }, (_, day) => {
          const free = { freeBytes: (360 - day) * 2 ** 30, freeInodes: 5_000_000 };
          return [Math.floor(now.getTime() / DAY) - 59 + day, free] as const;
        }),
      );
      parts.push(renderPart({ status, space: status === good ? space : new Map(), outlooks }, setting));
    }
    await writeFile(join(directory, `secondary-${days}.html`), renderSecondaryPage('vault', now, parts));
  }
}

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

describe('the report of the secondary in a real browser', () => {
  it.each(VIEWS)('fits $width pixels, $scheme, $days days', async ({ width, scheme, days }) => {
    const page: Page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
    const complaints: string[] = [];
    const asked: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`file://${directory}/secondary-${days}.html`);

    expect(complaints).toEqual([]);
    expect(asked).toEqual([`file://${directory}/secondary-${days}.html`]);
    expect(await ask<number>(page, 'pageWidth')).toBe(width);
    expect(await ask<string[]>(page, 'sticksOut')).toEqual([]);
    for (const selector of ['h1', '.verdict', '.overview', '.card', '.calendar', '.chart svg', '.legend']) {
      expect(await page.locator(selector).first().isVisible(), selector).toBe(true);
    }
    expect(await page.locator('.card').count()).toBe(2 + 2 + 3);
    for (const state of ['kept', 'pinned', 'going', 'none']) {
      expect(await page.locator(`.day[data-state=${state}]`).count(), state).toBeGreaterThan(0);
    }
    expect(await ask<string[]>(page, 'faintTexts')).toEqual([]);
    await page.close();
  });

  it('has a name for everything that is drawn, and says what will be kept, and until when', async () => {
    const page = await browser.newPage();
    await page.goto(`file://${directory}/secondary-90.html`);
    expect(await ask<number>(page, 'namelessDrawings')).toBe(0);
    expect(await page.locator('h1').count()).toBe(1);
    expect(
      await page
        .getByRole('img', { name: /web1\/postgres: 90 days, of \d+ of which something can be restored/ })
        .count(),
    ).toBe(1);
    expect(
      await page.getByRole('img', { name: /Snapshots that the policy will keep: from \d+ to \d+/ }).count(),
    ).toBeGreaterThan(2);
    expect(await page.locator('.day title').allTextContents()).toContainEqual(
      expect.stringMatching(/: can be restored; \S+Z until about \d{4}-\d\d-\d\d$/),
    );
    const text = await page.locator('main').innerText();
    for (const said of [
      '97% was rewritten',
      '3 stored files damaged',
      'before the migration',
      '<b>xxx',
      'Free space',
    ]) {
      expect(text).toContain(said);
    }
    await page.getByRole('link', { name: 'web1/postgres' }).click();
    expect(page.url()).toContain('#web1/postgres');
    await page.close();
  });
});
