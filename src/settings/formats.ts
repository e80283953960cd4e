import { isName, NAME_RULE } from '../shared/names.ts';
import { parseSnapshotId } from '../shared/snapshot-id.ts';
import { isTimezone } from '../shared/time-zone.ts';
import { parseDuration, parsePercent, parseSize } from '../shared/units.ts';

/** A check that a format name in a schema stands for, and what a user is told when it fails. */
interface Format {
  readonly validate: (text: string) => boolean;
  readonly expectation: string;
}

/** By the name that stands in a schema. Compiled schemas refer to these very functions. */
export const FORMATS: Readonly<Record<string, Format>> = {
  duration: {
    validate: (text) => parseDuration(text) !== undefined,
    expectation: 'write a duration such as 90s, 15m, 6h or 2d',
  },
  // Not longer: an alert that waits holds up the unit it belongs to.
  'alert-timeout': {
    validate: (text) => {
      const ms = parseDuration(text) ?? 0;
      return ms >= 1 && ms <= 60_000;
    },
    expectation: 'write a duration such as 10s, more than 0 and at most 1m',
  },
  size: {
    validate: (text) => parseSize(text) !== undefined,
    expectation: 'write a size such as 500kB, 20MiB or 2GiB',
  },
  percent: { validate: (text) => parsePercent(text) !== undefined, expectation: 'write a share such as 30%' },
  'duration-or-off': {
    validate: (text) => text === 'off' || parseDuration(text) !== undefined,
    expectation: 'write a duration such as 90s, 6h or 2d, or off',
  },
  'percent-or-off': {
    validate: (text) => text === 'off' || parsePercent(text) !== undefined,
    expectation: 'write a share such as 30%, or off',
  },
  // Only the shape: what the fields may hold is checked by a rule, where the cron library is at hand.
  cron: {
    validate: (text) => /^@[a-z]+$/.test(text.trim()) || text.trim().split(/\s+/).length === 5,
    expectation: 'write a cron expression of five fields, such as "15 2 * * *", or @daily',
  },
  name: { validate: isName, expectation: NAME_RULE },
  'absolute-path': {
    validate: (text) => text.startsWith('/') && !text.includes('\0'),
    expectation: 'write an absolute path, starting with /',
  },
  'env-name': {
    validate: (text) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(text),
    expectation: 'write the name of an environment variable, such as VAULT_HOST',
  },
  'credential-name': {
    validate: (text) => /^[A-Za-z0-9._-]+$/.test(text) && text !== '.' && text !== '..',
    expectation: 'write the name of a systemd credential, such as vault.key',
  },
  'snapshot-id': {
    validate: (text) => parseSnapshotId(text) !== undefined,
    expectation: 'write the id of a snapshot, such as 2026-11-23T021500Z',
  },
  time: {
    validate: (text) => !Number.isNaN(Date.parse(text)),
    expectation: 'write a time in ISO 8601, such as 2026-11-23T02:15:00Z',
  },
  timezone: { validate: isTimezone, expectation: 'write an IANA time zone such as UTC or Europe/Berlin' },
};
