import { createHash } from 'node:crypto';
import type { AlertEvent } from '../../src/notify/events.ts';
import { displayName } from '../../src/rsync/itemized.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { formatCount } from '../../src/shared/units.ts';
import type { Damage, DamageEntry, DamageKind } from '../store/damage.ts';

/** Something that people have to be told of. */
export interface Notice {
  readonly event: Extract<AlertEvent, 'failure' | 'recovery' | 'warning'>;
  /** What identifies it; the same when it is over. */
  readonly key: string;
  /** A short phrase that names its subject. */
  readonly problem: string;
  readonly reason: string;
  readonly advice: string;
}

/** How a job stands, as far as people have to know. */
export interface Standing {
  readonly host: string;
  readonly job: string;
  readonly damage: Damage;
  /** Manifests that were made again, by snapshot: when, and why. */
  readonly remade: ReadonlyMap<SnapshotId, { readonly madeAt: string; readonly replaces: string }>;
  /** When the cycle began that should have ended before; undefined when none is late. */
  readonly late: string | undefined;
}

/** Number of files or snapshots that one alert spells out. */
const MOST_NAMED = 10;

const MARKS = { damage: 'damage:', remade: 'manifest:', late: 'late:' } as const;

/** What each kind of damage is called. */
export const DAMAGE_WORDS: Readonly<Record<DamageKind, string>> = {
  content: 'its bytes have changed',
  unreadable: 'the disk does not give its bytes',
  missing: 'it is gone',
  unlisted: 'it has appeared since',
};

/**
 * What people have not been told yet. Each damaged file is told once, and so is the end of all damage. Pure.
 * @param told marks of what they have been told
 * @returns the notices, and the marks that are to be remembered once they have been told
 */
export function newsOf(standing: Standing, told: readonly string[]): { notices: Notice[]; marks: string[] } {
  const known = new Set(told);
  const { damage, remade, late } = standing;
  const subject = `${standing.host}/${standing.job}`;
  const damaged = new Map(damage.entries.map((entry) => [markOf(entry), entry]));
  const fresh = [...damaged].filter(([mark]) => !known.has(mark)).map(([, entry]) => entry);
  const replaced = [...remade].map(([id, { madeAt, replaces }]) => {
    return {
      mark: `${MARKS.remade}${id}:${madeAt}`,
      line: `${id}: ${replaces}; its bytes are proven only since ${madeAt}`,
    };
  });
  const freshlyReplaced = replaced.filter(({ mark }) => !known.has(mark));
  const lateMark = late === undefined ? [] : [`${MARKS.late}${late}`];
  const healed = damaged.size === 0 && damage.omitted === 0 && told.some((mark) => mark.startsWith(MARKS.damage));
  return {
    notices: [
      ...(fresh.length > 0 ? [damageNotice(standing, subject, fresh)] : []),
      ...(healed ? [healedNotice(subject)] : []),
      ...(freshlyReplaced.length > 0
        ? [
            remadeNotice(
              subject,
              freshlyReplaced.map(({ line }) => line),
            ),
          ]
        : []),
      ...lateMark.filter((mark) => !known.has(mark)).map(() => lateNotice(standing.host, subject, late ?? '')),
    ],
    marks: [...damaged.keys(), ...replaced.map(({ mark }) => mark), ...lateMark],
  };
}

/** One damaged file in a line. */
export function describeEntry({ name, kind, snapshots, lastGood }: DamageEntry): string {
  const [first] = snapshots;
  const last = snapshots.at(-1);
  const where = snapshots.length === 1 ? first : `${formatCount(snapshots.length, 'snapshot')} (${first} … ${last})`;
  const good = kind === 'unlisted' ? '' : lastGood === null ? '; never read before' : `; last good ${lastGood}`;
  return `${displayName(name)}: ${DAMAGE_WORDS[kind]}; in ${where}${good}`;
}

function markOf({ name, kind, inode }: DamageEntry): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([name, kind, inode]))
    .digest('hex');
  return `${MARKS.damage}${digest.slice(0, 16)}`;
}

function damageNotice({ host, job, damage }: Standing, subject: string, fresh: readonly DamageEntry[]): Notice {
  const more = damage.omitted === 0 ? [] : [`and ${damage.omitted} more that found no place in the record`];
  const snapshots = new Set(fresh.flatMap((entry) => entry.snapshots));
  return {
    event: 'failure',
    key: `scrub-damage:${subject}`,
    problem: `${formatCount(fresh.length, 'stored file')} of ${subject} damaged`,
    reason: `In ${formatCount(snapshots.size, 'snapshot')}, which cannot be restored whole:\n${named([...fresh.map(describeEntry), ...more])}`,
    advice: `The next run of the primary sends these files anew, and no new snapshot shares the damaged ones. All of them: offsite-scrub ${host} --job ${job} --list, as the account of the host. Look at the disk (smartctl, the kernel log) before it loses more.`,
  };
}

function healedNotice(subject: string): Notice {
  return {
    event: 'recovery',
    key: `scrub-damage:${subject}`,
    problem: `stored files of ${subject} damaged`,
    reason: 'no snapshot that is kept holds a damaged file any more',
    advice: '',
  };
}

function remadeNotice(subject: string, lines: readonly string[]): Notice {
  return {
    event: 'warning',
    key: `scrub-manifests:${subject}`,
    problem: `${formatCount(lines.length, 'manifest')} of ${subject} made again`,
    reason: named(lines),
    advice:
      'Nothing in these snapshots is known to be damaged. But what happened to the manifest may have happened to others: look at the disk.',
  };
}

function lateNotice(host: string, subject: string, startedAt: string): Notice {
  return {
    event: 'warning',
    key: `scrub-late:${subject}`,
    problem: `the scrub of ${subject} is behind`,
    reason: `the pass that began ${startedAt} should have ended: what is stored is read less often than scrub.every says`,
    advice: `Give it more time or a higher scrub.rate, or raise scrub.every, for this job alone if you like; look at: systemctl status offsite-scrub@${host}.timer offsite-scrub@${host}.service`,
  };
}

function named(lines: readonly string[]): string {
  const more = lines.length - MOST_NAMED;
  return [...lines.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}
