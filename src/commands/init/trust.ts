import type { Outcome } from '../../shared/outcome.ts';
import { CHECK_ADDRESS, type HostKey } from './host-key.ts';
import type { Context } from '../context.ts';
import type { Ask } from './ask.ts';

/** How host keys can be trusted without a question. */
export interface TrustFlags {
  readonly hostKeyFingerprint?: string;
  /** The same for the host on the way. */
  readonly jumpHostKeyFingerprint?: string;
  readonly acceptNewHostKey?: boolean;
}

/** A host key that is trusted, or why there is none. */
export type Trust =
  | { readonly kind: 'trusted'; readonly key: HostKey }
  | {
      readonly kind: 'none';
      readonly outcome: Outcome;
      readonly why: string;
      readonly advice: string;
    };

/** Whose key it is. */
interface Whose {
  readonly who: string;
  readonly flag: string;
  /** The flag that says which key it must be. */
  readonly wanted: (flags: TrustFlags) => string | undefined;
}

export const OF_SECONDARY: Whose = {
  ...{ who: 'the secondary', flag: '--host-key-fingerprint' },
  wanted: ({ hostKeyFingerprint }) => hostKeyFingerprint,
};

export const OF_JUMP: Whose = {
  ...{ who: 'the host on the way', flag: '--jump-host-key-fingerprint' },
  wanted: ({ jumpHostKeyFingerprint }) => jumpHostKeyFingerprint,
};

/**
 * Lets somebody compare a host key. Nothing is trusted silently.
 * @param keys what the host has shown, the best first
 */
export async function trustHostKey(
  keys: readonly HostKey[],
  { who, flag, wanted }: Whose,
  flags: TrustFlags,
  { log }: Pick<Context, 'log'>,
  ask: Ask,
): Promise<Trust> {
  const [first] = keys;
  if (first === undefined) return noAnswer(who);
  const fingerprint = wanted(flags);
  if (fingerprint !== undefined) return compared(keys, fingerprint, who, flag);
  const shown = `${first.type} ${first.fingerprint}`;
  if (flags.acceptNewHostKey === true) {
    log('warning', `Trusted without a comparison (--accept-new-host-key): ${shown}. Compare it: ${ON_THAT_HOST}`);
    return { kind: 'trusted', key: first };
  }
  log('info', `The host key of ${who} is ${shown}. Compare it with what it says itself: ${ON_THAT_HOST}`);
  const instead = `${flag} SHA256:… (or --accept-new-host-key, which trusts whoever answers)`;
  if (await ask.agree('Is it the same?', instead)) return { kind: 'trusted', key: first };
  return {
    ...{ kind: 'none', outcome: 'access-refused', why: `The host key of ${who} was not trusted.` },
    advice: 'Find out who answers at that address.',
  };
}

const ON_THAT_HOST = 'ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub';

function noAnswer(who: string): Trust {
  return {
    ...{ kind: 'none', outcome: 'could-not-connect', why: `No ssh server of ${who} answered with its host key.` },
    advice: CHECK_ADDRESS,
  };
}

function compared(keys: readonly HostKey[], wanted: string, who: string, flag: string): Trust {
  const key = keys.find(({ fingerprint }) => fingerprint === wanted.trim().replace(/=+$/, ''));
  if (key !== undefined) return { kind: 'trusted', key };
  const shown = keys.map(({ type, fingerprint }) => `${type} ${fingerprint}`).join(', ');
  return {
    ...{ kind: 'none', outcome: 'access-refused' },
    why: `${who[0]?.toUpperCase() ?? ''}${who.slice(1)} shows another host key than ${flag}: ${shown}.`,
    advice: `Compare with what it says itself: ${ON_THAT_HOST}`,
  };
}
