import { BUCKET_KINDS, type BucketKind } from '../../../../remote-scripts/retention/buckets.ts';

/** A policy that counts no buckets, to be spread before those that a test counts. */
export const NO_BUCKETS = Object.fromEntries(BUCKET_KINDS.map((kind) => [kind, 0])) as Readonly<
  Record<BucketKind, number>
>;
