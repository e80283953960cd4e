import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { silences } from '../../../src/config/silence.ts';

const root = new URL('../../../', import.meta.url);

const told = (jobs: string, channels: string) =>
  silences(
    parseConfig(
      'config.yaml',
      `version: 1
targets: { vault: { host: {env: H}, user: {env: U}, identity: {env: I}, known_hosts: {env: K} } }
jobs: ${jobs}
alerts: { channels: ${channels} }
`,
    ),
  );

const due = "expect: { schedule: '15 2 * * *' }";
const watched = `{ db: { source: /var/backups, ${due} } }`;

describe('what a configuration leaves silent', () => {
  it('is nothing where backups are expected and a channel hears of failures', () => {
    expect(told(watched, '{ screen: { type: desktop } }')).toEqual([]);
  });

  it('is every job that is not expected', () => {
    const found = told(
      `{ db: { source: /a, ${due} }, web: { source: /b }, mail: { source: /c } }`,
      '{ d: { type: desktop } }',
    );
    expect(found).toEqual([
      expect.stringMatching(/^jobs\.web has no expect: nobody is told when its backups stop coming/),
      expect.stringMatching(/^jobs\.mail has no expect/),
    ]);
  });

  it('is everything where there is no channel', () => {
    expect(told(watched, '{}')).toEqual([
      expect.stringMatching(/^There is no alert channel: a failure is only written to the journal/),
    ]);
  });

  it('is a failure, or a missing backup, that no channel wants to hear of', () => {
    const found = told(watched, '{ a: { type: desktop, events: [success] }, b: { type: desktop, events: [warning] } }');
    expect(found).toEqual([
      expect.stringMatching(/^No alert channel has failure among its events/),
      expect.stringMatching(/^No alert channel has stale among its events/),
    ]);
  });

  it('is nothing in what the pages show', () => {
    const example = readFileSync(new URL('config.example.yaml', root), 'utf8');
    expect(silences(parseConfig('config.example.yaml', example))).toEqual([]);
    const readme = readFileSync(new URL('README.md', root), 'utf8');
    const smallest = /```yaml\n(version: [^]*?)```/.exec(readme)?.[1] ?? '';
    expect(silences(parseConfig('README.md', smallest))).toEqual([]);
  });
});
