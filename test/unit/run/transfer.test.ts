import { describe, expect, it } from 'vitest';
import { JOB } from '../../../src/config/options.ts';
import { pushArguments, type TransferSettings, type Wire } from '../../../src/rsync/arguments.ts';
import { transferOf } from '../../../src/run/plan.ts';
import { exampleOf, readAll, type WrittenOf } from '../../../src/settings/option.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { PUSH } from '../../support/push-options.ts';

const ELSEWHERE = 'is read elsewhere';

/**
 * For each option of a job: two values with which rsync is started differently, or that it does not reach rsync's push by way of the
 * transfer. The compiler misses an option here, so none can be accepted and forgotten.
 */
const OPTIONS: {
  readonly [K in keyof typeof JOB]: typeof ELSEWHERE | readonly [WrittenOf<typeof JOB>[K], WrittenOf<typeof JOB>[K]];
} = {
  source: ELSEWHERE,
  targets: ELSEWHERE,
  exclude: ELSEWHERE,
  one_file_system: ELSEWHERE,
  fuzzy: ['always', 'never'],
  deadline: ELSEWHERE,
  bandwidth_limit: ['1MiB', '2MiB'],
  retry: ELSEWHERE,
  guard: ELSEWHERE,
  verify: ELSEWHERE,
  expect: ELSEWHERE,
};

const names = { files: 0, bytes: 0, young: 0, youngBytes: 0, comparisons: 0, largestDirectory: 0 };
const wire: Wire = {
  ...{ remoteShell: ['ssh'], alias: 'vault', secondary: 'gate', metadata: 'fake_super', hardLinks: true },
  ...{ compress: true, timeoutSeconds: 300, stallMs: 900_000 },
};
const tree = { source: '/data', job: 'db', id: parseSnapshotId('2026-11-23T021500Z')!, exclude: [] };

function transferWith(change: Partial<WrittenOf<typeof JOB>>): TransferSettings {
  const { targets = [], ...job } = readAll(JOB, { ...exampleOf(JOB), ...change });
  return transferOf({ ...job, targets, name: 'db' }, { bandwidthLimit: undefined }, { names }, { sealed: null });
}

describe('an option of a job that rsync gets', () => {
  const shaping = Object.entries(OPTIONS).filter(([, values]) => values !== ELSEWHERE);

  it.each(shaping)('changes what rsync is started with: %s', (option, values) => {
    const [one, other] = (values as readonly unknown[]).map((value) =>
      pushArguments(wire, tree, { ...PUSH, transfer: transferWith({ [option]: value }) }),
    );
    expect(one).not.toEqual(other);
  });
});
