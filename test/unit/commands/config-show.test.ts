import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { showConfig } from '../../../src/commands/config/config-show.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { testContext } from './support.ts';

let directory: string;
let config: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-'));
  config = join(directory, 'config.yaml');
  await writeFile(join(directory, 'secrets'), 'H=canary.example.org\n', { mode: 0o600 });
  await writeFile(
    config,
    `version: 1
secrets_file: ${directory}/secrets
targets: { vault: { host: {env: H}, user: {env: U}, identity: {file: /no/key}, known_hosts: {command: [echo, canary]} } }
jobs: { db: { source: /var/backups } }
alerts: { channels: { pager: { type: command, command: [/bin/true, -v], env: { TOKEN: { env: H } } } } }
`,
  );
  return () => rm(directory, { recursive: true });
});

describe('config show', () => {
  it('has every default, and of secrets only where they are and whether they can be read', async () => {
    const context = testContext('2026-11-28T12:00:00Z');
    expect(await showConfig({ config }, context)).toBe(0);
    const shown = context.said();
    expect(shown).not.toContain('canary.example.org');
    expect(shown).toContain('    host: { env: H } # is set\n');
    expect(shown).toContain('    user: { env: U } # cannot be read here\n');
    expect(shown).toContain('    identity: { file: /no/key } # cannot be read here\n');
    expect(shown).toContain('    known_hosts: { command: [ echo, canary ] } # is set\n');
    expect(shown).toContain('        TOKEN: { env: H } # is set\n');
    expect(shown).toContain('    io_timeout: 5m\n');
    expect(shown).toMatch(/^state_dir: \/\S+offsite-rsync$/m);
    // It is a configuration again, with the same settings.
    expect(parseConfig('shown', shown)).toEqual(parseConfig(config, readFileSync(config, 'utf8')));
    expect(parseConfig('shown', shown).jobs.get('db')).toMatchObject({ deadlineMs: 12 * 3_600_000 });
  });

  it('is the same as JSON', async () => {
    const [yaml, json] = [testContext('2026-11-28T12:00:00Z'), testContext('2026-11-28T12:00:00Z')];
    await showConfig({ config }, yaml);
    await showConfig({ config, json: true }, json);
    expect(json.said().trimEnd()).not.toContain('\n');
    expect(JSON.parse(json.said())).toEqual(parse(yaml.said()));
  });
});
