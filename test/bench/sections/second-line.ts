import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatSize } from '../../../src/shared/units.ts';
import { measure, medianOf, run, type Measured } from '../measure.ts';
import { seconds } from '../report.ts';
import type { Section } from './section.ts';

const BASIS = '2026-11-22T021500Z';
const ID = '2026-11-23T021500Z';

/** An owner for every file, as `fake_super` keeps it. This is the most expensive case, because each xattr is read. */
const OWN = `
import os, sys
for top, _, files in os.walk(sys.argv[1]):
    for name in files: os.setxattr(f'{top}/{name}', 'user.rsync.%stat', b'100640 0,0 999:999')
`;

/**
 * The gate's walk before a seal (remote-scripts/gate/shared-inodes.ts), compared with walks that do less, for a
 * snapshot in which everything is linked to its basis and for a basis without a record.
 */
export const secondLineSection: Section = async ({ bench, sizes, report, say }) => {
  const section = 'The gate’s walk of a snapshot before its seal, all linked (ratio: to find)';
  const program = join(dirname(process.argv[1] ?? ''), 'walk-once.mjs');
  for (const files of sizes.quick ? [2000] : [50_000, 200_000]) {
    const place = join(bench.directory, `second-line-${files}`);
    const at = (name: string) => join(place, name);
    for (const name of ['snapshots', 'records']) mkdirSync(at(name), { recursive: true });
    makeTree(at(`snapshots/${BASIS}`), files);
    await run({ argv: ['python3', '-I', '-c', OWN, at('snapshots')] });
    await run({ argv: ['cp', '-al', at(`snapshots/${BASIS}`), at(`snapshots/${ID}`)] });
    const walk = (what: string) => ({
      argv: [process.execPath, program, at('records'), at('snapshots'), what, ID, BASIS],
    });
    const steps = {
      'find -printf': { argv: ['find', at(`snapshots/${ID}`), '-printf', '%i %m %U %s %T@\\n'] },
      'the record of a basis that has none': walk('record'),
      'what was pushed, against the record': walk('compare'),
      'the same once more: its record is there': walk('compare'),
    };
    const found = new Map<string, Measured[]>();
    for (let round = 0; round < sizes.repeats; round += 1) {
      for (const name of [BASIS, ID]) rmSync(at(`records/${name}`), { force: true });
      for (const [what, command] of Object.entries(steps)) {
        found.set(what, [...(found.get(what) ?? []), await measure([command])]);
      }
    }
    const standard = medianOf(found.get('find -printf') ?? []).wallMs;
    for (const [what, all] of found) {
      const measured = medianOf(all);
      say(`second line: ${files} files, ${what}: ${seconds(measured.wallMs)}`);
      const ratio = what.startsWith('find') ? {} : { ratio: measured.wallMs / standard };
      report.rows.push({ section, scenario: `${files.toLocaleString('en')} files`, what, measured, ...ratio });
    }
    report.notes.push(
      `The record of ${files.toLocaleString('en')} files takes ${formatSize(statSync(at(`records/${ID}`)).size)}.`,
    );
    bench.putAside(place);
  }
};

function makeTree(directory: string, files: number): void {
  for (let index = 0; index < files; index += 1) {
    const path = join(directory, String(Math.floor(index / 100)));
    if (index % 100 === 0) mkdirSync(path, { recursive: true });
    writeFileSync(join(path, `file-${index}`), '');
  }
}
