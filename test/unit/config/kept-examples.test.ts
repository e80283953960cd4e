import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseSecondaryConfig } from '../../../remote-scripts/config/load.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { cronProblem } from '../../../src/shared/schedule.ts';
import { keptFile, keptVersions } from '../../kept/archive.ts';

// Comments that switch a setting off have no blank behind their sign (config.example.yaml): the kept files are read with these settings on, too.
const switchedOn = (text: string) => text.replace(/^( *)#(?=[a-z_-]+: )/gm, '$1');

it.each(keptVersions())('the configurations of version %s are accepted on both sides', (version) => {
  const read = (name: string) => readFileSync(keptFile(version, name), 'utf8');
  for (const text of [read('config.example.yaml'), switchedOn(read('config.example.yaml'))]) {
    expect(parseConfig('config.example.yaml', text).jobs.size).toBeGreaterThan(0);
  }
  for (const text of [read('secondary.example.yaml'), switchedOn(read('secondary.example.yaml'))]) {
    expect(parseSecondaryConfig(text, { checkSchedule: cronProblem, reach: true })).toMatchObject({ ok: true });
  }
});
