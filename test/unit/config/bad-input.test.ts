import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';

function problems(job: string, top = ''): string {
  try {
    parseConfig(
      'config.yaml',
      `version: 1
targets: { vault: { host: {env: H}, user: {env: U}, identity: {env: I}, known_hosts: {env: K} } }
jobs:
  ${job}
${top}`,
    );
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('what cannot be meant is refused with its line and the fix', () => {
  it('a schedule that is none', () => {
    expect(problems('postgres: { source: /x, expect: { schedule: "nightly" } }')).toMatch(
      /line 4, jobs\.postgres\.expect\.schedule: .*five fields/,
    );
    expect(problems('postgres: { source: /x, expect: { schedule: "61 2 * * *" } }')).toMatch(
      /line 4, jobs\.postgres\.expect\.schedule: "61 2 \* \* \*" is no schedule/,
    );
  });

  it('a day that never comes', () => {
    expect(problems('postgres: { source: /x, expect: { schedule: "15 2 30 2 *" } }')).toMatch(
      /jobs\.postgres\.expect\.schedule: "15 2 30 2 \*" is no schedule/,
    );
  });

  it('a time zone that does not exist', () => {
    expect(problems('postgres: { source: /x, expect: { schedule: "15 2 * * *", timezone: Europe/Berlin2 } }')).toMatch(
      /line 4, jobs\.postgres\.expect\.timezone: .*IANA time zone/,
    );
  });

  it('a time zone that does not exist and a schedule that is none, both in one reading', () => {
    const said = problems('postgres: { source: /x, expect: { schedule: "61 2 * * *", timezone: Europe/Berlin2 } }');
    expect(said).toMatch(/2 problems\n/);
    expect(said).toMatch(/expect\.timezone: .*IANA time zone/);
    expect(said).toMatch(/expect\.schedule: "61 2 \* \* \*" is no schedule/);
  });

  it('a job name that is not ASCII', () => {
    for (const name of ['größe', '"post\\u202egres"', '"a b"', '../etc', '日本']) {
      expect(problems(`${name}: { source: /x }`), name).toMatch(/a name is 1 to 63 ASCII letters/);
    }
  });

  it('a metrics file that the collector would not read', () => {
    expect(problems('postgres: { source: /x }', 'metrics: { textfile: /var/lib/offsite.txt }')).toMatch(
      /line 5, metrics\.textfile: must end in \.prom/,
    );
    expect(problems('postgres: { source: /x }', 'metrics: { textfile: offsite.prom }')).toMatch(/absolute path/);
  });
});
