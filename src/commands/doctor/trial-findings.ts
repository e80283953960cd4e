import { FORBIDDEN, type Trial } from '../../run/trials.ts';
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

const WHOEVER = 'whoever has the key can change older snapshots';
