import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';

/** Where root has them, whoever runs this. */
const PLACES = 'state_dir: /var/lib/offsite-rsync\nruntime_dir: /run/offsite-rsync';

function problems(job: string, top = PLACES, target = ''): string {
  try {
    parseConfig(
      'config.yaml',
      `version: 1
targets: { vault: { host: {env: H}, user: {env: U}, identity: {env: I}, known_hosts: {env: K}${target} } }
jobs: { files: ${job} }
${top}`,
    );
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a source that holds the files of the program itself', () => {
  it('is refused: they change during the run, and ssh’s configuration and keys must not be sent', () => {
    expect(problems('{ source: /var/lib }')).toMatch(
      /jobs\.files\.source: holds state_dir .*: add "\/offsite-rsync" to exclude/,
    );
    expect(problems('{ source: /home/db }', 'runtime_dir: /home/db/run')).toMatch(
      /holds runtime_dir \(\/home\/db\/run\).*: add "\/run" to exclude/,
    );
    expect(problems('{ source: / }')).toMatch(/2 problems/);
  });

  it('is itself one of them', () => {
    expect(problems('{ source: /var/lib/offsite-rsync/ }')).toMatch(/give it a directory of its own/);
  });

  it('passes when they are excluded, or stand beside it', () => {
    expect(problems('{ source: /, exclude: ["/run/", "/var/lib/offsite-rsync/***"] }')).toBe('');
    expect(problems('{ source: /var/lib/offsite-rsync-dumps }')).toBe('');
    expect(problems('{ source: /var/backups }')).toBe('');
  });
});

it('a deadline or greatest age of nothing is refused: every run would fail', () => {
  expect(problems('{ source: /x, deadline: 0s }')).toMatch(/jobs\.files\.deadline: 0s would fail every run/);
  expect(problems('{ source: /x, guard: { max_age: 0m } }')).toMatch(/jobs\.files\.guard\.max_age: 0m would fail/);
});

it('a stall time-out of nothing is refused: it would end every run', () => {
  expect(problems('{ source: /x }', PLACES, ', stall_timeout: 0s')).toMatch(
    /targets\.vault\.stall_timeout: 0s would end/,
  );
  expect(problems('{ source: /x }', PLACES, ', stall_timeout: 1h')).toBe('');
});
