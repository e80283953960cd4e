import pc from 'picocolors';
import width from 'string-width';
import { afterEach, describe, expect, it } from 'vitest';
import type { HostStatus } from '../../../remote-scripts/prune/report.ts';
import { renderStatus } from '../../../remote-scripts/prune/status-table.ts';
import { fullStatus } from './support/status.ts';
import { createStore, type Store, type StoreOptions } from './support/store.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const JOBS = '{ postgres: { expect: { schedule: "0 0 * * *" } }, "files-of-the-office": {} }';

let store: Store;
afterEach(() => store.remove());

function statusOf(options: StoreOptions = {}): HostStatus {
  store = createStore({ jobs: JOBS, retention: '{ last: 1, daily: 30 }', ...options });
  return fullStatus(store.host, NOW);
}

const render = (statuses: readonly HostStatus[], columns?: number, color = false) =>
  renderStatus(statuses, { colors: pc.createColors(color), timezone: 'UTC', now: NOW, columns });
const widest = (text: string) => Math.max(...text.split('\n').map((line) => width(line)));

describe('offsite-prune status', () => {
  it('shows every job in 80 columns, and below in words what else there is to know', () => {
    const text = render([statusOf()], 80);
    expect(text).toBe(
      [
        'host  job                  newest    kept     space  scrubbed  drilled  state',
        'web1  postgres             12 h ago    30  40.0 GiB  12 d ago  4 d ago  ✓ ok',
        'web1  files-of-the-office  12 h ago    30  40.0 GiB  12 d ago  4 d ago  ✓ ok',
        '',
        '· web1/postgres: 2026-10-25T000000Z is pinned until 2027-03-31: before the',
        '  migration',
        '· web1/files-of-the-office: 2026-10-25T000000Z is pinned until 2027-03-31:',
        '  before the migration',
        'web1: prune ran 1 d ago; 300 GiB free (30%), full in 123 days',
        '',
      ].join('\n'),
    );
    expect(widest(render([statusOf()], 80, true))).toBeLessThanOrEqual(80);
  });

  it('breaks no line where there is no terminal', () => {
    expect(render([statusOf()])).toContain('is pinned until 2027-03-31: before the migration\n');
  });

  it.each([40, 60, 79])('is a block for each job on a terminal of %i columns', (columns) => {
    const text = render([statusOf()], columns);
    expect(widest(text)).toBeLessThanOrEqual(columns);
    expect(text).toContain('web1/postgres\n  newest    12 h ago\n  kept      30\n  space     40.0 GiB\n');
    expect(text).toContain('  drilled   4 d ago\n  state     ✓ ok\n');
  });

  it('names what is wrong: damage, holds, jobs that cannot be examined', () => {
    const status = statusOf();
    const [plan] = status.plans;
    const damaged = { ...plan!, damage: { ...plan!.damage, omitted: 3 } };
    const held = { ...plan!, job: 'held', holds: [{ kind: 'removals' as const, reason: 'too many' }] };
    const text = render(
      [{ ...status, plans: [damaged, held], faults: [{ job: 'gone', reason: 'EIO', refused: false }] }],
      80,
    );
    expect(text).toMatch(/^web1 +postgres .*✗ damaged$/m);
    expect(text).toMatch(/^web1 +held .*! on hold$/m);
    expect(text).toMatch(/^web1 +gone .*\? unknown$/m);
    expect(text).toContain('✗ web1/postgres: 3 stored files damaged');
    expect(text).toContain('! web1/held: on hold (removals): too many');
    expect(text).toContain('? web1/gone: EIO');
  });

  it('says how far the first scrub has come', () => {
    const status = statusOf();
    const plans = status.plans.map((plan) => ({ ...plan, scrubbed: { ...plan.scrubbed, finishedAt: undefined } }));
    expect(render([{ ...status, plans }], 80)).toContain('40% done');
  });
});
