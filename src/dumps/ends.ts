/** The first and the last bytes of a file, or of what a compressed file holds. In a small one they overlap. */
export interface Ends {
  /** Bytes of the whole. */
  readonly size: number;
  readonly head: Buffer;
  readonly tail: Buffer;
}

/** What the ends of a file say about the rest. */
export type EndsVerdict =
  /** It ends as its format has to end. */
  | { readonly kind: 'whole' }
  /** The ends of this format say nothing, or not enough to be sure. */
  | { readonly kind: 'unknown' }
  /** It is certain that something is missing. `lacks` says what, in words that follow a colon. */
  | { readonly kind: 'cut'; readonly lacks: string };

/** Bytes of a head: enough for the comments with which dumps begin. */
export const HEAD_BYTES = 16 * 1024;

/** Bytes of a tail, unless a format needs more. Somebody may have appended a few lines to a dump. */
export const TAIL_BYTES = 16 * 1024;

export const WHOLE: EndsVerdict = { kind: 'whole' };
export const UNKNOWN: EndsVerdict = { kind: 'unknown' };

/** @param lacks what is missing, in words that follow a colon */
export function cut(lacks: string): EndsVerdict {
  return { kind: 'cut', lacks };
}

/** Keeps the ends of a stream. */
export function watchEnds(): { add(chunk: Buffer): void; ends(): Ends } {
  let size = 0;
  let head: Buffer = Buffer.alloc(0);
  let tail: Buffer = Buffer.alloc(0);
  return {
    add: (chunk) => {
      size += chunk.length;
      if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.length)]);
      // A chunk is a copy of its own, so a part of it may be kept.
      tail =
        chunk.length >= TAIL_BYTES ? chunk.subarray(-TAIL_BYTES) : Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
    },
    ends: () => ({ size, head, tail }),
  };
}
