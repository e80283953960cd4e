import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { secretProblems } from '../../../src/config/secret-problems.ts';

const settings = parseConfig(
  'config.yaml',
  `version: 1
targets: { vault: { host: {env: H}, user: {env: U}, identity: {env: I}, known_hosts: {env: K} } }
jobs: { db: { source: /var/backups } }
alerts:
  channels:
    mail: { type: sendmail, to: { env: MAIL_TO } }
    pager: { type: command, command: [/bin/true], env: { TOKEN: { env: PAGER_TOKEN } } }
`,
);

describe('the secrets of a configuration', () => {
  it('are fine when every one can be read', () => {
    const environment = { H: 'h', U: 'u', I: 'i', K: 'k', MAIL_TO: 'm', PAGER_TOKEN: 'p' };
    expect(secretProblems(settings, environment)).toEqual([]);
  });

  it('are missed in targets and in alert channels alike, all at once', () => {
    const problems = secretProblems(settings, { H: 'h', U: 'u', I: 'i' });
    expect(problems).toHaveLength(3);
    expect(problems[0]).toMatch(/^target vault, known_hosts: .*K is not set/);
    expect(problems[1]).toMatch(/^alert channel mail, to: .*MAIL_TO is not set/);
    expect(problems[2]).toMatch(/^alert channel pager, env\.TOKEN: .*PAGER_TOKEN is not set/);
  });
});
