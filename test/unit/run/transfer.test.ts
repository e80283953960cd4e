import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { JOB } from '../../../src/config/options.ts';
import { pushArguments, type TransferSettings, type Wire } from '../../../src/rsync/arguments.ts';
import { transferOf } from '../../../src/run/plan.ts';
import { camelCase, exampleOf, readAll, type WrittenOf } from '../../../src/settings/option.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { PUSH } from '../../support/push-options.ts';

const SHOWN = exampleOf(JOB);

/**
 * For each option of a job, whether it reaches rsync's push by way of the transfer or is read elsewhere, and two values of it. The compiler
 * misses an option here, and the tests check the answer, so none can be accepted and forgotten.
 */
const OPTIONS: {
  readonly [K in keyof typeof JOB]: readonly [
    'transfer' | 'elsewhere',
    WrittenOf<typeof JOB>[K],
    WrittenOf<typeof JOB>[K],
  ];
} = {
  source: ['elsewhere', '/one', '/other'],
  targets: ['elsewhere', ['vault'], ['attic']],
  parallel: ['elsewhere', false, true],
  exclude: ['elsewhere', [], ['*.tmp']],
  one_file_system: ['elsewhere', true, false],
  fuzzy: ['transfer', 'always', 'never'],
  deadline: ['elsewhere', '1h', '2h'],
  bandwidth_limit: ['transfer', '1MiB', '2MiB'],
  retry: ['elsewhere', { ...SHOWN.retry, attempts: 1 }, { ...SHOWN.retry, attempts: 2 }],
  guard: ['elsewhere', { ...SHOWN.guard, allow_empty: true }, { ...SHOWN.guard, allow_empty: false }],
  verify: ['elsewhere', { ...SHOWN.verify, mode: 'full' }, { ...SHOWN.verify, mode: 'changed' }],
  expect: ['elsewhere', undefined, { schedule: '15 2 * * *', timezone: 'UTC', grace: '1h' }],
};

const names = { files: 0, bytes: 0, young: 0, youngBytes: 0, comparisons: 0, largestDirectory: 0 };
const wire: Wire = {
  ...{ remoteShell: ['ssh'], alias: 'vault', secondary: 'gate', metadata: 'fake_super', hardLinks: true },
  ...{ compress: true, timeoutSeconds: 300, stallMs: 900_000 },
};
const tree = { source: '/data', job: 'db', id: parseSnapshotId('2026-11-23T021500Z')!, exclude: [] };

function transferWith(change: Partial<WrittenOf<typeof JOB>>): TransferSettings {
  const { targets = [], ...job } = readAll(JOB, { ...SHOWN, ...change });
  return transferOf({ ...job, targets, name: 'db' }, { bandwidthLimit: undefined }, { names }, { sealed: null });
}

const pushesWith = (option: string, values: readonly unknown[]) =>
  values.map((value) => pushArguments(wire, tree, { ...PUSH, transfer: transferWith({ [option]: value }) }));
const answered = (answer: 'transfer' | 'elsewhere') =>
  Object.entries(OPTIONS).flatMap(([option, [where, ...values]]) =>
    where === answer ? [[option, values] as const] : [],
  );

describe('an option of a job', () => {
  it.each(answered('transfer'))('that rsync gets changes what rsync is started with: %s', (option, values) => {
    const [one, other] = pushesWith(option, values);
    expect(one).not.toEqual(other);
  });

  // Whoever reads an option writes `job.NAME`.
  const SOURCES = join(import.meta.dirname, '../../../src');
  const code = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('config/'))
    .map((name) => readFileSync(join(SOURCES, name), 'utf8'))
    .join('\n');

  it.each(answered('elsewhere'))('that is read elsewhere does not, and is read there: %s', (option, values) => {
    const [one, other] = pushesWith(option, values);
    expect(one).toEqual(other);
    const setting = `${camelCase(option)}${JOB[option as keyof typeof JOB].unit}`;
    expect(code).toMatch(new RegExp(`\\bjob\\.${setting}\\b`));
  });
});
