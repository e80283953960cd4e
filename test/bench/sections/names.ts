import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setUpController } from '../controller.ts';
import { measure, run } from '../measure.ts';
import { seconds } from '../report.ts';
import type { Section } from './section.ts';

/** Many new small dumps with dates in their names: what the search for a similar name costs. Measured once each. */
export const namesSection: Section = async ({ bench, sizes, report, say }) => {
  const section = 'New names with dates, 1 kB each, through the gate (once each)';
  const counts = sizes.quick ? [500, 1000] : [2000, 4000];
  let job = 40;
  for (const count of counts) {
    for (const fuzzy of ['always', 'never', 'auto'] as const) {
      const source = join(bench.directory, `source-names-${job}`);
      const name = `job${job}`;
      const controller = setUpController(bench, source, `names-${job}`, [name], { fuzzy });
      job += 1;
      mkdirSync(source);
      addDumps(source, count, '2026-11-22');
      await run(controller.run('gate', name));
      addDumps(source, count, new Date().toISOString().slice(0, 10));
      const measured = await measure([controller.run('gate', name)], bench.ends);
      say(`names: ${count}, fuzzy: ${fuzzy}: ${seconds(measured.wallMs)}`);
      const what = `offsite-rsync run, fuzzy: ${fuzzy}`;
      report.rows.push({ section, scenario: `${count.toLocaleString('en')} new names`, what, measured });
      bench.putAside(source);
      bench.putAside(join(bench.roots.gate, name));
    }
  }
};

function addDumps(directory: string, count: number, day: string): void {
  for (let table = 0; table < count; table += 1) {
    const path = join(directory, `table${String(table).padStart(5, '0')}-${day}.sql`);
    writeFileSync(
      path,
      `-- ${day}\n${`INSERT INTO t${table} VALUES (${table});\n`.repeat(30)}`.slice(0, 1000 + (table % 50)),
    );
    const date = new Date(`${day}T02:00:00Z`);
    if (day < new Date().toISOString().slice(0, 10)) utimesSync(path, date, date);
  }
}
