import { FORBIDDEN, type Trial } from '../../run/trials.ts';
import { formatDuration } from '../../shared/units.ts';
import { version } from '../../shared/version.ts';
import type { Finding, Guarantee } from './finding.ts';

/** What may not be possible even on a plain secondary, which lets its files be overwritten. */
const OF_APPEND_ONLY: readonly Trial['what'][] = ['overwriting', 'modes', 'deleting'];

/** What the trials say of the promise that nothing stored can be changed from here. */
export function guaranteeOf(trials: readonly Trial[]): Guarantee {
  const own = trials.filter(({ what }) => OF_APPEND_ONLY.includes(what));
  if (own.some(({ result }) => result === 'allowed')) return 'not-enforced';
  return own.length === OF_APPEND_ONLY.length && own.every(({ result }) => result === 'refused')
    ? 'enforced'
    : 'unknown';
}

/** The trials for people: what was refused in one line, and each that was not, then which promise holds. */
export function trialFindings(trials: readonly Trial[], secondary: 'gate' | 'rrsync'): Finding[] {
  if (trials.length === 0) return [];
  const withResult = (result: Trial['result']) => trials.filter((trial) => trial.result === result);
  const names = (some: readonly Trial[]) => some.map(({ what }) => FORBIDDEN[what]).join(', ');
  const refused = withResult('refused');
  const untried = withResult('untried');
  const expected = (what: Trial['what']) => secondary === 'rrsync' && OF_APPEND_ONLY.includes(what);
  return [
    ...(refused.length === 0 ? [] : [{ kind: 'good', text: `tried, and refused: ${names(refused)}` } as const]),
    ...withResult('allowed').map(({ what, text }) => ({
      kind: expected(what) ? ('note' as const) : ('bad' as const),
      text: `NOT refused: ${FORBIDDEN[what]} (${text})`,
    })),
    ...(untried.length === 0
      ? []
      : [{ kind: 'note', text: `not tried: ${names(untried)} (${untried[0]?.text ?? ''})` } as const]),
    promise(guaranteeOf(trials), secondary),
    ...identity(trials.find(({ gate }) => gate !== undefined)?.gate),
  ];
}

function promise(guarantee: Guarantee, secondary: 'gate' | 'rrsync'): Finding {
  switch (guarantee) {
    case 'enforced':
      return { kind: 'good', text: 'append-only: enforced; what is sealed cannot be changed from here' };
    case 'not-enforced':
      return secondary === 'rrsync'
        ? { kind: 'note', text: `append-only: NOT enforced: plain rrsync; ${WHOEVER}` }
        : {
            kind: 'bad',
            text: `append-only: NOT enforced, though the gate answers; ${WHOEVER}. Look at authorized_keys there`,
          };
    case 'unknown':
      return { kind: 'note', text: 'append-only: not known, since not everything could be tried' };
    default:
      return guarantee satisfies never;
  }
}

/** From then on people should look; a gate refuses ids from `clock_skew` on, ten minutes by default. */
const CLOCKS_DIFFER = 5000;

function identity(gate: Trial['gate']): Finding[] {
  if (gate === undefined) return [];
  const { version: there, aheadMs } = gate;
  const off = Math.abs(aheadMs);
  const clock: Finding =
    off < CLOCKS_DIFFER
      ? { kind: 'good', text: 'the clocks of both hosts agree' }
      : {
          kind: 'note',
          text: `the clock of the secondary is ${formatDuration(off)} ${aheadMs > 0 ? 'ahead of' : 'behind'} the one here: timedatectl, on both`,
        };
  const same: Finding =
    there === version
      ? { kind: 'good', text: `offsite-gate ${there} there, offsite-rsync ${version} here` }
      : {
          kind: 'note',
          text: `offsite-gate ${there} there, offsite-rsync ${version} here: update the secondary first`,
        };
  return [same, clock];
}

const WHOEVER = 'whoever has the key can change older snapshots';
