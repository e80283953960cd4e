import { OUTCOMES } from '../shared/outcome.ts';
import { verifyModes } from '../shared/verify-mode.ts';

const TIME = { type: 'string', format: 'time' } as const;
const ID = { type: 'string', format: 'snapshot-id' } as const;
const ID_OR_NULL = { type: ['string', 'null'], format: 'snapshot-id' } as const;
// Beyond these, sums and shares would be no numbers.
const COUNT = { type: 'number', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const OUTCOME = { enum: Object.keys(OUTCOMES) } as const;
const VERSION = { const: 1 } as const;

/** An object with these fields; later versions may add more. */
function fields<T extends Readonly<Record<string, object>>>(properties: T) {
  return { type: 'object', required: Object.keys(properties), properties } as const;
}

/** The same object with fields that it may lack. */
function withOptional<T extends { readonly properties: object }>(
  schema: T,
  properties: Readonly<Record<string, object>>,
) {
  return { ...schema, properties: { ...schema.properties, ...properties } };
}

function orNull<T extends { readonly type: string }>(schema: T) {
  return { ...schema, type: [schema.type, 'null'] };
}

/** One line of the history (run-record.ts). */
export const recordSchema = withOptional(
  fields({
    version: VERSION,
    run: { type: 'string' },
    job: { type: 'string' },
    target: { type: 'string' },
    started: TIME,
    finished: TIME,
    durationMs: COUNT,
    outcome: OUTCOME,
    exitCode: { type: 'integer', minimum: 0 },
    reason: { type: 'string' },
    snapshot: ID_OR_NULL,
    attempts: COUNT,
    files: COUNT,
    bytes: COUNT,
    transfer: orNull(
      fields({
        newFiles: COUNT,
        changedFiles: COUNT,
        linkedFiles: COUNT,
        copiedFiles: COUNT,
        sentBytes: COUNT,
        receivedBytes: COUNT,
        literalBytes: COUNT,
        matchedBytes: COUNT,
        basis: ID_OR_NULL,
      }),
    ),
    verification: orNull(fields({ mode: { enum: verifyModes }, algorithm: { type: 'string' }, durationMs: COUNT })),
    warnings: { type: 'array', items: { type: 'string' } },
  }),
  {
    expect: orNull(fields({ schedule: { type: 'string' }, timezone: { type: 'string' }, graceMs: COUNT })),
  },
);

/** The state of a job and target (job-state.ts). */
export const jobStateSchema = withOptional(
  fields({
    version: VERSION,
    lastId: ID_OR_NULL,
    sealed: orNull(
      withOptional(fields({ id: ID, started: TIME, finished: TIME, files: COUNT, bytes: COUNT }), {
        newestChangeMs: { type: 'number' },
      }),
    ),
    broken: orNull(
      withOptional(fields({ id: ID, bytes: COUNT }), {
        formerly: { type: 'array', items: ID },
      }),
    ),
    lastFullVerification: { type: ['string', 'null'], format: 'time' },
    failing: orNull(fields({ since: TIME, count: COUNT, outcome: OUTCOME })),
  }),
  { lastRead: TIME },
);

/** What the last verification showed (verification.ts). */
export const verificationSchema = fields({
  version: VERSION,
  snapshot: ID,
  at: TIME,
  outcome: OUTCOME,
  durationMs: COUNT,
});

/** Snapshots that were found damaged (damage.ts). */
export const damageSchema = fields({
  version: VERSION,
  snapshots: { type: 'array', items: fields({ snapshot: ID, found: TIME, reason: { type: 'string' } }) },
});

/** That people have been told of a stale job (stale-note.ts). */
export const staleNoteSchema = fields({
  version: VERSION,
  since: TIME,
  lastTold: { type: ['string', 'null'], format: 'time' },
  told: COUNT,
});

/** Whether people have been told of a process that failed (told-note.ts). */
export const toldNoteSchema = fields({
  version: VERSION,
  exitCode: { type: 'number' },
  told: { type: 'boolean' },
  recorded: { type: 'boolean' },
});
