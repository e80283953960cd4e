import { isTime } from '../shared/iso-time.ts';
import { isName, NAME_RULE } from '../shared/names.ts';
import { parseSnapshotId } from '../shared/snapshot-id.ts';
import { isTimezone } from '../shared/time-zone.ts';
import { parseDuration, parsePercent, parseSize } from '../shared/units.ts';

/** What a format in a schema checks, and what a user is told when the check fails. */
interface Format {
  readonly validate: (text: string) => boolean;
  readonly expectation: string;
}

/** The formats by their names in a schema. Compiled schemas call these functions. */
export const FORMATS: Readonly<Record<string, Format>> = {
  duration: {
    validate: (text) => parseDuration(text) !== undefined,
    expectation: 'write a duration such as 90s, 15m, 6h or 2d',
  },
  // At most a minute, because an alert that waits holds up its unit.
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
  // Only the shape. The fields are checked by a rule, so that what holds these formats need not load the cron library.
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
    validate: isTime,
    expectation: 'write a time in ISO 8601, such as 2026-11-23T02:15:00Z',
  },
  timezone: { validate: isTimezone, expectation: 'write an IANA time zone such as UTC or Europe/Berlin' },
};
