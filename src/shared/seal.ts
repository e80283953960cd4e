import { isTime } from './iso-time.ts';
import { parseSnapshotId, type SnapshotId } from './snapshot-id.ts';
import { verifyModes, type VerifyMode } from './verify-mode.ts';

/** Largest seal that the gate takes from a sender, in bytes; ours have under 1 KiB. */
export const MAX_SEAL_BYTES = 16_384;

/**
 * Largest seal that is read back. The gate rewrites a seal with indentation and its receipt, so it is larger than the sender's
 * text. A seal that the gate has accepted must never be too large for prune.
 */
export const MAX_STORED_SEAL_BYTES = 4 * MAX_SEAL_BYTES;

/** The sender's claims about one complete and verified snapshot; the content of `<job>/<id>.sealed`. */
export interface Seal {
  readonly version: 1;
  readonly id: SnapshotId;
  readonly job: string;
  /** When the push began and the verification ended, by the sender's clock (ISO 8601, UTC). */
  readonly started: string;
  readonly finished: string;
  /** Regular files and their total size in bytes. */
  readonly files: number;
  readonly bytes: number;
  readonly verification: {
    /** `full`: every file was read on both sides; `changed`: only what this run sent. */
    readonly mode: VerifyMode;
    /** Checksum that rsync negotiated, such as `xxh128`. */
    readonly algorithm: string;
    /** Whether files that only the secondary has would have been noticed. */
    readonly extras: 'checked' | 'not-checked';
    /** `checksum`: an altered copy of a file was reported; `presence`: there was no content to alter. */
    readonly canary: 'checksum' | 'presence';
  };
  readonly rsync: {
    /** Version of the sender's rsync, such as `3.5.0`. */
    readonly version: string;
    /** Protocol number that the secondary's rsync offered. */
    readonly remoteProtocol: number;
  };
  /** The sealed snapshot that unchanged files were linked to, if any. */
  readonly basis: SnapshotId | null;
}

/** What the gate adds to a seal. It is the gate's own statement, not the sender's. */
export interface Receipt {
  /** The gate's clock when the seal arrived (ISO 8601, UTC). Retention counts age from here. */
  readonly received: string;
  /** Version of the gate that wrote it. */
  readonly gate: string;
}

/** A seal as it is stored on the secondary; it has no receipt where there is no gate. */
export interface StoredSeal extends Seal {
  readonly receipt?: Receipt;
}

/** Ends the name of a seal. */
export const SEALED = '.sealed';

/** The name of the seal of a snapshot, beside its directory. */
export function sealName(id: SnapshotId): string {
  return `${id}${SEALED}`;
}

/** The snapshot whose seal a file of this name is; undefined where it is none. */
export function sealedId(name: string): SnapshotId | undefined {
  return name.endsWith(SEALED) ? parseSnapshotId(name.slice(0, -SEALED.length)) : undefined;
}

/** The text of a seal file. */
export function formatSeal(seal: StoredSeal): string {
  return `${JSON.stringify(seal, null, 2)}\n`;
}

/**
 * Reads a seal file's text.
 * @param expected the snapshot and job that it must name
 * @returns the seal, or in words what is wrong with it. A `receipt` in it is kept only if well formed; the gate drops
 *   one that a sender sent.
 */
export function parseSeal(text: string, expected: { id: SnapshotId; job: string }): StoredSeal | string {
  if (Buffer.byteLength(text) > MAX_STORED_SEAL_BYTES) return `larger than ${MAX_STORED_SEAL_BYTES} bytes`;
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return 'not valid JSON';
  }
  if (!isRecord(data)) return 'not a JSON object';
  if (data.version !== 1) return 'of an unknown version';
  if (data.id !== expected.id) return 'for another snapshot id';
  if (data.job !== expected.job) return 'for another job';
  const { verification, rsync, basis, receipt } = data;
  if (!isTime(data.started) || !isTime(data.finished)) return 'without its times';
  if (!isCount(data.files) || !isCount(data.bytes)) return 'without its counts';
  if (
    !isRecord(verification) ||
    !isVerifyMode(verification.mode) ||
    !isWord(verification.algorithm) ||
    (verification.extras !== 'checked' && verification.extras !== 'not-checked') ||
    (verification.canary !== 'checksum' && verification.canary !== 'presence')
  ) {
    return 'without its verification';
  }
  if (!isRecord(rsync) || !isWord(rsync.version) || !isCount(rsync.remoteProtocol)) {
    return 'without its rsync versions';
  }
  const basisId = basis === null ? null : typeof basis === 'string' ? parseSnapshotId(basis) : undefined;
  if (basisId === undefined) return 'with a basis that is not a snapshot id';
  return {
    version: 1,
    id: expected.id,
    job: expected.job,
    started: data.started,
    finished: data.finished,
    files: data.files,
    bytes: data.bytes,
    verification: {
      mode: verification.mode,
      algorithm: verification.algorithm,
      extras: verification.extras,
      canary: verification.canary,
    },
    rsync: { version: rsync.version, remoteProtocol: rsync.remoteProtocol },
    basis: basisId,
    ...(isReceipt(receipt) ? { receipt: { received: receipt.received, gate: receipt.gate } } : {}),
  };
}

function isVerifyMode(value: unknown): value is VerifyMode {
  return verifyModes.some((mode) => mode === value);
}

function isReceipt(value: unknown): value is Receipt {
  return isRecord(value) && isTime(value.received) && isWord(value.gate);
}

/** Names and versions: they are shown to people and programs, so nothing in them moves a cursor or ends a line. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[\x20-\x7e]{0,100}$/.test(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
