import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';

it(
  'the demo plays its whole story, with the programs as they are built, through a link as in /usr/local/bin',
  { timeout: 120_000 },
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'offsite-demo-link-'));
    try {
      const link = join(directory, 'offsite-rsync');
      symlinkSync(inject('cli'), link);
      const { status, stdout, stderr } = spawnSync(process.execPath, [link, 'demo'], { encoding: 'utf8' });
      expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' });
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
);
