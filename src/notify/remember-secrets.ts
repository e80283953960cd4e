import { isIPv6 } from 'node:net';
import { createRedactor, type NamedSecret, type Redact } from '../shared/redaction.ts';
import { describeReference, type SecretReference } from '../shared/secret-reference.ts';

/** A reader of secrets that remembers what it has handed out. */
export interface RememberedSecrets {
  readonly read: (reference: SecretReference) => string;
  /** Replaces what was read so far, and every IP address: errors name the one that a secret host name resolved to. */
  readonly redact: Redact;
}

/**
 * An address in a list such as `Ops <ops@example.org>, db@example.org`: a mail server's refusal names only one of them.
 */
const ADDRESS = /[^\s<>,;:"]+@[^\s<>,;:"]+/g;

/**
 * Wraps a reader of secrets. Channels read theirs only when they send, so the redactor of the process may have been
 * made before these values were known.
 */
export function rememberSecrets(readSecret: (reference: SecretReference) => string): RememberedSecrets {
  const seen = new Map<string, NamedSecret>();
  return {
    read: (reference) => {
      const value = readSecret(reference);
      const name = describeReference(reference);
      for (const part of [value, ...(value.match(ADDRESS) ?? [])]) seen.set(part, { name, value: part });
      return value;
    },
    redact: (text) => hideAddresses(createRedactor([...seen.values()])(text)),
  };
}

function hideAddresses(text: string): string {
  return text.replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, HIDDEN).replace(/[0-9a-f:]*:[0-9a-f:]*/gi, (found) => {
    // Node appends a port to an IPv6 address without brackets, which gives a full address a ninth group.
    return isIPv6(found) || isIPv6(found.replace(/:\d+$/, '')) ? HIDDEN : found;
  });
}

const HIDDEN = '[address]';
