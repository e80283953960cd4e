import { formatMemory, parseMemory } from '../../../remote-scripts/prune/memory.ts';
import { formatDamage, parseDamage } from '../../../remote-scripts/store/damage.ts';
import { formatDrills, parseDrills } from '../../../remote-scripts/store/drill-record.ts';
import { formatAttempt, parseAttempts } from '../../../remote-scripts/store/ledger.ts';
import { formatManifestRecord, parseManifestRecord } from '../../../remote-scripts/store/manifest-records.ts';
import { formatPins, parsePins } from '../../../remote-scripts/store/pins.ts';
import { formatScrubState, parseScrubState } from '../../../remote-scripts/store/scrub-state.ts';
import { formatSeal, MAX_SEAL_BYTES, MAX_STORED_SEAL_BYTES, parseSeal } from '../../../src/shared/seal.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { formatListing, parseListing } from '../../../src/shared/store-listing.ts';
import { must, mustBeSame, type Target } from '../target.ts';

/** What a record says is what would be written of it; written and read again, it says the same. */
function record<T>(name: string, parse: (text: string) => T | undefined, format: (value: T) => string): Target {
  return {
    name,
    check: (text) => {
      const value = parseOrNothing(parse, text);
      if (value === undefined) return false;
      const written = format(value);
      mustBeOurs(JSON_TIME, written);
      const again = parseOrNothing(parse, written);
      must(again !== undefined, `cannot be read again: ${written}`);
      mustBeSame(format(again!), written, 'comes back as another record');
      return true;
    },
  };
}

/** No JSON is an ordinary answer of some of them; every other error is a defect. */
function parseOrNothing<T>(parse: (text: string) => T | undefined, text: string): T | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The value of each key that is a time in our records. */
const JSON_TIME =
  /"(?:started|finished|received|time|since|until|at|told|startedAt|endedAt|ranAt|madeAt|foundAt|lastGood|lastRun|found|manifest)":\s*"([^"]*)"/g;

/** We write times as toISOString does, or whole seconds, or days. */
function mustBeOurs(pattern: RegExp, text: string): void {
  for (const [, time = ''] of text.matchAll(pattern)) {
    const shape = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{3})?Z)?$/.test(time);
    const exists = shape && new Date(time).toISOString().startsWith(time.replace('Z', ''));
    must(exists, `took ${JSON.stringify(time)} for a time that we write`);
  }
}

const EXPECTED = { id: parseSnapshotId('2026-11-23T021500Z')!, job: 'postgres' };

/** Seals, as a sender writes them and as the gate rewrites them. */
export const seals: Target = {
  ...record(
    'seals',
    (text) => {
      const seal = parseSeal(text, EXPECTED);
      if (typeof seal !== 'string') return seal;
      must(/^[a-zA-Z0-9 ]+$/.test(seal), `the reason ${seal}`);
      return undefined;
    },
    (seal) => {
      const text = formatSeal(seal);
      must(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text.replaceAll('\n', '')), `control characters in ${text}`);
      return text;
    },
  ),
};

/** What the gate accepts of a sender must be small enough for everybody who reads it later. */
export const sentSeals: Target = {
  name: 'sent-seals',
  corpus: 'seals',
  check: (text) => {
    if (Buffer.byteLength(text) > MAX_SEAL_BYTES) return false;
    const seal = parseSeal(text, EXPECTED);
    if (typeof seal === 'string') return false;
    const stored = formatSeal({ ...seal, receipt: { received: '2026-11-23T02:16:01.000Z', gate: '1.0.0' } });
    must(Buffer.byteLength(stored) <= MAX_STORED_SEAL_BYTES, 'a seal that was accepted is too large to be read');
    return true;
  },
};

export const ledgers = record(
  'ledgers',
  (text) => {
    const attempts = parseAttempts(text);
    return attempts.length === 0 ? undefined : attempts;
  },
  (attempts) => attempts.map((attempt) => `${formatAttempt(attempt, '')}\n`).join(''),
);

export const damages = record('damages', parseDamage, formatDamage);
export const pinRecords = record('pins', parsePins, formatPins);
export const scrubStates = record('scrub-states', parseScrubState, formatScrubState);
export const manifestRecords = record('manifest-records', parseManifestRecord, formatManifestRecord);
export const memories = record('memories', parseMemory, formatMemory);
export const drills = record(
  'drills',
  (text) => {
    const found = parseDrills(text);
    return found.length === 0 ? undefined : found;
  },
  formatDrills,
);
export const listings = record('listings', (text) => parseListing(text.trimEnd().split('\n')), formatListing);
