import { describe, expect, it } from 'vitest';
import { createUnitStatus } from '../../../../src/commands/run/unit-status.ts';
import type { ProcessSpec } from '../../../../src/platform/process.ts';
import type { RunEvent } from '../../../../src/run/events.ts';
import { testContext } from '../support.ts';

const scope = { run: 'r', job: 'db', target: 'vault' };
const progress = (bytes: number): RunEvent => ({
  ...{ event: 'progress', step: 'push', files: 1, totalFiles: 2, totalBytes: 200 },
  bytes,
});

describe('the status of a unit', () => {
  async function told(events: readonly (readonly [ms: number, RunEvent])[]): Promise<readonly ProcessSpec[]> {
    const specs: ProcessSpec[] = [];
    let now = 0;
    const tell = createUnitStatus(
      { NOTIFY_SOCKET: '/run/systemd/notify', PATH: '/bin', SECRET: 'canary' },
      (spec) => {
        specs.push(spec);
        return Promise.resolve({ kind: 'exited', code: 0, stderrTail: '' });
      },
      { monotonic: () => now },
      (text) => text.replaceAll('h.example.org', '[vault.host]'),
    );
    for (const [at, event] of events) {
      now = at;
      tell?.(event, scope);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    return specs;
  }

  it('says the step, and progress every ten seconds', async () => {
    const specs = await told([
      [0, { event: 'step-started', step: 'push' }],
      [1000, progress(10)],
      [11_000, progress(90)],
      [12_000, progress(100)],
      [13_000, { event: 'waiting', reason: 'h.example.org is busy', ms: 1 }],
      [14_000, { event: 'step-started', step: 'verify', mode: 'full' }],
    ]);
    expect(specs.map(({ args }) => args)).toEqual([
      ['--status=db → vault: sending'],
      ['--status=db → vault: sending, 45 %'],
      ['--status=db → vault: [vault.host] is busy'],
      ['--status=db → vault: verifying'],
    ]);
    expect(specs[0]).toMatchObject({ program: 'systemd-notify', env: { NOTIFY_SOCKET: '/run/systemd/notify' } });
    expect(JSON.stringify(specs)).not.toContain('canary');
  });

  it('is told nobody where no unit wants it', () => {
    const { environment, runProcess, clock } = testContext('2026-11-28T12:00:00Z');
    expect(createUnitStatus(environment, runProcess, clock, (text) => text)).toBeUndefined();
  });
});
