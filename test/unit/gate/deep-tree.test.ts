import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { TREE_PROGRAM } from '../../../remote-scripts/gate/tree/tree-program.ts';

const DEPTH = 300;

/** In one process, and telling how many directories were opened. */
const COUNTING = `
import atexit, os, sys
opened, really = 0, os.open
def counted(*given, **named):
    global opened
    opened += 1
    return really(*given, **named)
os.open, os.cpu_count = counted, lambda: 1
atexit.register(lambda: print(opened, file=sys.stderr))
`;

it.each([['fill', '3', '4', '', '1000', '', ''] as const, ['unshare', '3'] as const])(
  'to %s a deep tree takes steps for each directory, not for each pair of them',
  (...words) => {
    const directory = mkdtempSync(join(tmpdir(), 'offsite-deep-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const below = 'd/'.repeat(DEPTH);
    for (const name of ['tree', 'basis']) mkdirSync(join(directory, name, below), { recursive: true });
    writeFileSync(join(directory, 'basis', below, 'file'), '');
    const descriptors = ['tree', 'basis'].map((name) => openSync(join(directory, name), 'r'));
    onTestFinished(() => descriptors.forEach((each) => closeSync(each)));
    const { status, stderr } = spawnSync('python3', ['-I', '-c', `${COUNTING}${TREE_PROGRAM}`, ...words], {
      stdio: ['ignore', 'ignore', 'pipe', ...descriptors],
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    expect(existsSync(join(directory, 'tree', below, 'file'))).toBe(words[0] === 'fill');
    expect(Number(stderr)).toBeGreaterThan(DEPTH);
    expect(Number(stderr)).toBeLessThan(20 * DEPTH);
  },
);
