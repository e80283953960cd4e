import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadForReading } from '../../../src/config/load.ts';
import { defaultStateDirectory } from '../../../src/config/location.ts';
import { readTargetSecrets, targetReferences } from '../../../src/config/target-secrets.ts';

const TARGET =
  'targets: { vault: { host: { env: H }, user: { env: U }, identity: { file: /none }, known_hosts: { env: K }, read_identity: { env: R } } }\n';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'offsite-reading-'))));
afterEach(() => rmSync(directory, { recursive: true }));

function load(text: string) {
  const path = join(directory, 'config.yaml');
  writeFileSync(path, text);
  return loadForReading(path);
}

describe('a configuration for reading alone', () => {
  it('needs no jobs, and has the defaults of everything else', async () => {
    const settings = await load(`version: 1\n${TARGET}`);
    expect([...settings.jobs]).toEqual([]);
    expect(settings.stateDirectory).toBe(defaultStateDirectory());
    expect(settings.targets.get('vault')).toMatchObject({
      secondary: 'gate',
      metadata: 'fake_super',
      ioTimeoutMs: 300_000,
    });
  });

  it.each([
    ['a typo beside it', `version: 1\ntarget: {}\n${TARGET}`, 'target'],
    ['no targets either', 'version: 1\n', 'targets'],
    ['a list', '[]', 'config.yaml'],
    [
      'a rule that a target breaks',
      `version: 1\n${TARGET.replace('host:', 'stall_timeout: 0s, host:')}`,
      'would end every run',
    ],
    ['jobs that are none', `version: 1\njobs: 3\n${TARGET}`, 'jobs'],
  ])('is refused for everything else: %s', async (_, text, said) => {
    await expect(load(text)).rejects.toThrow(said);
  });

  it('a read key is no secret that a run needs', async () => {
    const target = (await load(`version: 1\n${TARGET}`)).targets.get('vault')!;
    expect(targetReferences(target)).not.toContainEqual({ env: 'R' });
    const environment = { H: 'h.example', U: 'u', K: 'h.example ssh-ed25519 AAAA', R: 'the key' };
    const secrets = readTargetSecrets({ ...target, identity: target.readIdentity! }, { environment });
    expect(secrets.identity.value).toBe('the key');
  });
});
