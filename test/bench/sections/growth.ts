import { mkdirSync, openSync, closeSync, ftruncateSync, writeSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatSize } from '../../../src/shared/units.ts';
import { setUpController } from '../controller.ts';
import { measure } from '../measure.ts';
import { seconds } from '../report.ts';
import type { Section } from './section.ts';

/** Runs of each source, with their `verify.mode`. */
const SCENARIOS = [
  ['first', 'full'],
  ['nothing changed', 'full'],
  ['nothing changed, only what changed is verified', 'changed'],
] as const;

/** How time and memory of a run grow with the number of files, and with the size of one file. Measured once each. */
export const growthSection: Section = async ({ bench, sizes, report, say }) => {
  const section = 'Growth, through the gate (once each)';
  const counts = sizes.quick ? [1000, 10_000] : [1000, 10_000, 100_000, 1_000_000];
  const source = join(bench.directory, 'source-growth');
  const controller = setUpController(bench, source, 'growth', ['job30', 'job31', 'job32', 'job33', 'job35']);
  let largest = { files: 0, peak: 0 };
  for (const [index, files] of counts.entries()) {
    makeTinyFiles(source, files);
    for (const [scenario, mode] of SCENARIOS) {
      controller.configure({ verify: { mode } });
      const measured = await measure([controller.run('gate', `job${30 + index}`)], bench.ends);
      say(`growth: ${files} files, ${scenario}: ${seconds(measured.wallMs)}`);
      const what = `${files.toLocaleString('en')} tiny files, ${scenario}`;
      report.rows.push({ section, scenario: what, what: 'offsite-rsync run', measured });
      const peak = Math.max(measured.peaks['offsite-rsync'] ?? 0, files === largest.files ? largest.peak : 0);
      largest = { files, peak };
    }
    bench.putAside(source);
    bench.putAside(join(bench.roots.gate, `job${30 + index}`));
  }
  report.budgets.push({
    name: `controller at ${largest.files.toLocaleString('en')} files`,
    limit: '100 MB',
    found: formatSize(largest.peak),
    held: largest.peak < 100e6,
  });
  if (sizes.quick) {
    report.skipped.push('growth to 1,000,000 files and one file of 8 GiB (--quick)');
    return;
  }
  controller.configure({});
  mkdirSync(source);
  const file = openSync(join(source, 'large.img'), 'w');
  ftruncateSync(file, 8 * 2 ** 30);
  // One block in sixteen MiB has content.
  for (let at = 0; at < 8 * 2 ** 30; at += 16 << 20) writeSync(file, `block ${at}\n`, at);
  closeSync(file);
  for (const scenario of ['first', 'nothing changed']) {
    const measured = await measure([controller.run('gate', 'job35')], bench.ends);
    say(`growth: one file of 8 GiB, ${scenario}: ${seconds(measured.wallMs)}`);
    const what = `one sparse file of 8 GiB, ${scenario}`;
    report.rows.push({ section, scenario: what, what: 'offsite-rsync run', measured });
  }
  bench.putAside(source);
  bench.putAside(join(bench.roots.gate, 'job35'));
};

function makeTinyFiles(directory: string, files: number): void {
  for (let index = 0; index < files; index += 1) {
    const group = Math.floor(index / 250);
    const path = join(directory, String(Math.floor(group / 100)), String(group % 100));
    if (index % 250 === 0) mkdirSync(path, { recursive: true });
    writeFileSync(join(path, `file-${index}`), index % 10 === 0 ? `${index}\n` : '');
  }
}
