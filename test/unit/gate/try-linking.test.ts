import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tryLinking } from '../../../remote-scripts/gate/check/try-linking.ts';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'offsite-check-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const PATH = '/usr/local/bin:/usr/bin:/bin';

/** An rrsync before the real one, as some versions are; the rest is real. */
function pretend(script: string): string {
  const real = execFileSync('sh', ['-c', 'command -v rrsync'], { encoding: 'utf8', env: { PATH } }).trim();
  writeFileSync(join(directory, 'rrsync'), `#!/bin/sh\n${script.replaceAll('RRSYNC', real)}\n`);
  chmodSync(join(directory, 'rrsync'), 0o755);
  return `${directory}:${PATH}`;
}

describe('the trial push of --check', () => {
  it('is content with the rsync and rrsync of this machine', () => {
    expect(tryLinking()).toMatchObject({ kind: 'good', text: expect.stringContaining('leaves out') as string });
  });

  it('finds an rrsync that takes --compare-dest and ignores it', () => {
    const forget =
      'SSH_ORIGINAL_COMMAND=$(printf %s "$SSH_ORIGINAL_COMMAND" | sed "s,--compare-dest /[^ ]*,,"); export SSH_ORIGINAL_COMMAND; exec RRSYNC "$@"';
    expect(tryLinking(pretend(forget))).toMatchObject({
      kind: 'bad',
      text: expect.stringContaining('ignores it') as string,
    });
  });

  it('finds an rrsync that refuses it, and says what that said', () => {
    expect(tryLinking(pretend('echo "rrsync error: unsafe arg" >&2; exit 1'))).toMatchObject({
      kind: 'bad',
      text: expect.stringContaining('unsafe arg') as string,
    });
  });
});
