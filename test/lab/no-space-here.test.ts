import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { expectFault } from '../ssh/support/fault.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';
import { must } from '../support/processes.ts';

const MIB = 1024 * 1024;
const isRoot = process.getuid?.() === 0;

let secondary: Secondary;
let primary: Primary;
beforeAll(async () => {
  secondary = await startSecondary();
});
afterAll(() => secondary.stop());

beforeEach(async ({ task }) => {
  primary = await makePrimary(secondary, `job-${task.id.replace(/\W/g, '')}`);
  writeFileSync(join(primary.source, 'dump'), randomBytes(MIB));
  onTestFinished(() => primary.stop());
});

/** Lays a small file system over a directory of the primary. */
function mountSmall(name: string): string {
  const place = join(primary.directory, name);
  must('mount', '-t', 'tmpfs', '-o', 'size=128k,nr_inodes=40,mode=0700', 'tmpfs', place);
  onTestFinished(() => void must('umount', '--lazy', place));
  return place;
}

const FILL = {
  /** Uses up every byte. */
  space: (place: string) => {
    for (let size = 64 * 1024; size >= 1; size = Math.floor(size / 2)) {
      while (
        written(() => writeFileSync(join(place, `ballast-${size}-${readdirSync(place).length}`), randomBytes(size)))
      );
    }
  },
  /** Uses up every inode. */
  inodes: (place: string) => {
    while (written(() => mkdirSync(join(place, `ballast-${readdirSync(place).length}`))));
  },
} as const;

function written(write: () => unknown): boolean {
  try {
    write();
    return true;
  } catch {
    return false;
  }
}

function makeRoom(place: string): void {
  for (const name of readdirSync(place)) {
    if (name.startsWith('ballast')) rmSync(join(place, name), { recursive: true });
  }
}

describe.skipIf(!isRoot)('a host without room for the files of a run (needs root)', () => {
  it('neither for its first lock nor its first record: it is told all the same, and nothing else', async () => {
    const place = mountSmall('state');
    FILL.inodes(place);
    const end = await primary.call('run', primary.job);
    expect(end.code, end.stderr).toBe(5);
    expect(end.alerts).toMatchObject([{ event: 'failure', outcome: 'no-space-here' }]);
    expect(end.alerts[0]?.body).toMatch(/no space left on this host.*\n.*df -i/);
    expect(end.stderr).not.toMatch(/bug in offsite-rsync/);
    makeRoom(place);
    await primary.secure();
  });

  it('in the middle of a run: told with its advice; what was sent is a basis, and no id is used twice', async () => {
    const place = mountSmall('run');
    const { next } = await expectFault(primary, secondary, {
      code: 5,
      provoke: () => secondary.line.after(0.5 * MIB, () => FILL.space(place)),
      undo: () => makeRoom(place),
      says: /the files of the run cannot be written \(ENOSPC/,
      advises: /Free space or inodes on this host where state_dir and runtime_dir are \(df -h, df -i\)/,
    });
    const [attempt, ...more] = await secondary.snapshots(primary.job);
    expect(more).toEqual([next]);
    expect((await primary.history()).at(-1)).toMatchObject({ transfer: { basis: attempt, linkedFiles: 1 } });
  });

  it('verify, dry run and doctor end with the same code and advice; doctor finds a state that cannot be written', async () => {
    const [state, run] = [mountSmall('state'), mountSmall('run')];
    await primary.secure();
    FILL.space(state);
    FILL.space(run);
    for (const words of [['verify', primary.job], ['run', '--dry-run', primary.job], ['doctor']]) {
      const { code, stdout, stderr } = await primary.call(...words);
      expect({ words, code, defect: (stdout + stderr).includes('defect') }).toEqual({ words, code: 5, defect: false });
      expect(stdout + stderr).toMatch(/Free space or inodes on this host/);
      if (words[0] === 'doctor') expect(stdout).toMatch(/✗ state_dir cannot be written: ENOSPC/);
    }
  });
});
