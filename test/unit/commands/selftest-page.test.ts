import { describe, expect, it } from 'vitest';
import { acceptancePage, criterionLine } from '../../../src/commands/selftest/page.ts';
import type { Criterion, SelftestReport } from '../../../src/run/selftest/selftest-report.ts';

const begun = '2026-11-28T19:10:00.000Z';
const good = { holds: true, begun, durationMs: 2000, wrong: [] } as const;
const sent: Criterion = { ...good, name: 'sent', observed: ['Snapshot 2026-11-28T191000Z: 102 files.'] };
const verified: Criterion = { ...good, name: 'verified', observed: ['Nothing differs.'] };
const interrupted: Criterion = { ...good, name: 'interrupted', observed: ['The alert was accepted by mail.'] };

function report(change: Partial<SelftestReport> = {}): SelftestReport {
  return {
    version: 1,
    host: 'db1',
    target: 'vault',
    secondary: 'gate',
    begun,
    finished: '2026-11-28T19:10:09.000Z',
    accepted: true,
    exitCode: 0,
    versions: {
      offsiteRsync: '0.1.0',
      node: '22.12.0',
      rsync: '3.5.0',
      ssh: 'OpenSSH_9.2p1',
      remoteProtocol: 32,
      system: 'Linux 6.1',
    },
    criteria: [sent, verified, interrupted],
    left: ['2026-11-28T191000Z', '2026-11-28T191004Z'],
    ...change,
  };
}

describe('the page of an acceptance', () => {
  it('has the verdict, what took part, each criterion with what was seen, and what is left', () => {
    const page = acceptancePage(report());
    expect(page).toContain('# Acceptance of db1 → vault, 2026-11-28\n\n**Accepted: all three criteria hold.**\n');
    for (const row of ['| To | vault (the gate) |', '| rsync there | protocol 32 |', '| ssh | OpenSSH_9.2p1 |'])
      expect(page).toContain(row);
    expect(page).toContain(
      '## 1. A test backup is sent to the secondary: holds\n\n- Snapshot 2026-11-28T191000Z: 102 files.\n- Begun 2026-11-28T19:10:00.000Z, took 2.0 s.\n',
    );
    expect(page).toContain('## 3. When the line breaks, the run ends cleanly and people are told: holds\n');
    expect(page).toContain(
      '`2026-11-28T191000Z` and `2026-11-28T191004Z` in the job `_selftest`, without a seal. offsite-prune removes them',
    );
    expect(page).not.toContain('NOT');
  });

  it('says first what should not have been', () => {
    const wrong = ['2 files differ:\n  large\n  small/1.txt'];
    const failed: Criterion = { ...verified, holds: false, observed: ['It was read.'], wrong };
    const page = acceptancePage(report({ accepted: false, exitCode: 42, criteria: [sent, failed, interrupted] }));
    expect(page).toContain('**Not accepted: 1 of 3 criteria does not hold.**');
    expect(page).toContain(
      '## 2. It is verified there: does NOT hold\n\n- **2 files differ: large; small/1.txt**\n- It was read.\n',
    );
    expect(criterionLine(failed)).toMatch(/^✗ It is verified there: 2 files differ/);
    expect(criterionLine(sent)).toBe('✓ A test backup is sent to the secondary');
  });

  it('says what was not tried, and that nothing is left', () => {
    const not: Criterion = { ...verified, holds: false, begun: null, observed: [], wrong: ['It was not tried.'] };
    const versions = { ...report().versions, remoteProtocol: null };
    const page = acceptancePage(report({ accepted: false, secondary: 'rrsync', versions, criteria: [not], left: [] }));
    expect(page).toContain('| To | vault (plain rrsync) |');
    expect(page).toContain('| rsync there | not seen |');
    expect(page).toContain(
      'does NOT hold\n\n- **It was not tried.**\n\n## What is left\n\nNothing: nothing was stored',
    );
  });

  it('speaks of one attempt as of one', () => {
    expect(acceptancePage(report({ left: ['2026-11-28T191000Z'] }))).toContain('offsite-prune removes it as');
    const plain = acceptancePage(report({ secondary: 'rrsync' }));
    expect(plain).toContain('offsite-prune removes them if it runs there; otherwise remove them by hand.');
  });
});
