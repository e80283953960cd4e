import type { TransferFigures, VerificationFigures } from '../../state/run-record.ts';
import type { Failure } from '../failure.ts';
import type { SealedContents } from './attempt-spec.ts';

/** How an attempt ended. */
export type AttemptResult =
  | {
      readonly kind: 'sealed';
      readonly transfer: TransferFigures;
      readonly verification: VerificationFigures;
      /** What the snapshot contains, and since when the source is known to have had the same content. */
      readonly contents: SealedContents;
      readonly warnings: readonly string[];
    }
  | {
      readonly kind: 'failed';
      readonly why: Failure;
      readonly remains: Remains;
      readonly lesson: Lesson;
    };

/** What a failed attempt has left on the secondary. */
export type Remains =
  /** Nothing, so its id may be used again. */
  | { readonly kind: 'nothing' }
  /** Perhaps something, which must not be linked to. Its id is used up. */
  | { readonly kind: 'unusable' }
  /** So many bytes of the source, which the next attempt need not send. */
  | { readonly kind: 'basis'; readonly bytes: number }
  /** What an earlier attempt had left: it is not known whether this attempt took it over. */
  | { readonly kind: 'as-before' };

/** What the next attempt has to do otherwise. */
export type Lesson =
  | 'none'
  /** Size and mtime do not show what has changed: compare by checksum. */
  | 'by-checksum'
  /** The same, because what was not looked at is not what the list of the basis says. */
  | 'basis-differs'
  /** The secondary could not link to a basis as often as was needed (EMLINK). */
  | 'crowded'
  /** It would fail in the same way, and would have to send everything again. */
  | 'give-up';

/** The end of an attempt that was not sealed. */
export type Failed = Extract<AttemptResult, { kind: 'failed' }>;

/**
 * An attempt that has ended.
 * @param lesson what the next one has to do otherwise
 */
export function failed(why: Failure, remains: Remains, lesson: Lesson = 'none'): Failed {
  return { kind: 'failed', why, remains, lesson };
}
