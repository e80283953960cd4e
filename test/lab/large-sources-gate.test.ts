import { readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { listTree } from '../ssh/support/tree-listing.ts';
import { must } from '../support/processes.ts';

/* Sources of an extreme shape behind the gate: what is listed, noted and linked there grows with one thing alone. */

/** `memory`: the most that the controller may take, in MB; Node itself takes some 60, and names of directories are always on the list. */
const SHAPES = {
  '100,000 directories and 100 files': { memory: 160, files: 100, changed: 'd7/e0/file', fill: fillWithDirectories },
  '50,000 files in one directory': { memory: 130, files: 50_000, changed: 'file 4242', fill: fillFlat },
} as const;

function fillWithDirectories(source: string): void {
  must('python3', '-I', '-c', DIRECTORIES, source);
}

function fillFlat(source: string): void {
  must('python3', '-I', '-c', FLAT, source);
}

const DIRECTORIES = `
import os, sys
os.chdir(sys.argv[1])
for d in range(100):
    for e in range(999): os.makedirs(f'd{d}/e{e}')
    with open(f'd{d}/e0/file', 'w') as file: file.write(f'content of {d}\\n')
`;

const FLAT = `
import os, sys
os.chdir(sys.argv[1])
for n in range(50_000):
    with open(f'file {n}', 'w') as file: file.write(f'content of {n}\\n')
`;

describe.each(Object.entries(SHAPES))(
  'behind the gate, a source of %s',
  (_, { memory: most, files, changed, fill }) => {
    let secondary: GateSecondary;
    let primary: Primary;

    beforeAll(async () => {
      secondary = await startGateSecondary();
      primary = await makePrimary(secondary, 'db');
      await primary.configure({
        target: { secondary: 'gate', io_timeout: '2m' },
        job: { deadline: '10m', guard: { max_shrink: 'off' } },
      });
      fill(primary.source);
    }, 300_000);
    afterAll(async () => {
      await primary.stop();
      await secondary.stop();
    }, 300_000);

    /** A run; what it was like. Its snapshot must be the source. */
    async function run(): Promise<Record<string, unknown>> {
      const running = await primary.start('run', 'db');
      const peak = watchMemory(running.pid);
      const end = await running.ended;
      expect(end.code, end.stderr).toBe(0);
      const memory = peak();
      expect(memory, 'memory of the controller').toBeGreaterThan(20);
      expect(memory, 'memory of the controller').toBeLessThan(most);
      const record = (await primary.history()).at(-1) ?? {};
      const { entries: stored } = listTree(secondary.path('db', record.snapshot as string));
      const { entries: wanted } = listTree(primary.source);
      // If lists so long differ, vitest takes hours to say how.
      expect(stored.filter((line, index) => line !== wanted[index]).slice(0, 5)).toEqual([]);
      expect(stored.length).toBe(wanted.length);
      return record;
    }

    it(
      'is sent, linked when nothing has changed, and one changed file is found in it, in little memory',
      { timeout: 1_200_000 },
      async () => {
        const sealed = { attempts: 1, warnings: [], files };
        expect(await run()).toMatchObject({ ...sealed, transfer: { newFiles: files } });
        const unchanged = { newFiles: 0, changedFiles: 0, linkedFiles: files, copiedFiles: 0 };
        expect(await run()).toMatchObject({ ...sealed, transfer: unchanged });
        await appendFile(join(primary.source, changed), 'changed\n');
        expect(await run()).toMatchObject({
          ...sealed,
          transfer: { ...unchanged, changedFiles: 1, linkedFiles: files - 1 },
        });
      },
    );
  },
);

/** Watches the memory of a process. @returns the most that it took, in MB; it ends with the process */
function watchMemory(pid: number): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    try {
      const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      if (found !== undefined) peak = Number(found) / 1000;
    } catch {
      clearInterval(timer); // it has ended
    }
  }, 20);
  return () => {
    clearInterval(timer);
    return peak;
  };
}
