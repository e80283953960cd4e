import { fetchHostKeys, type HostKey } from './host-key.ts';
import type { Context } from '../context.ts';
import type { Ask } from './ask.ts';
import type { Plan } from './gather.ts';

/** How a host key can be trusted without a question. */
export interface TrustFlags {
  readonly hostKeyFingerprint?: string;
  readonly acceptNewHostKey?: boolean;
}

/** A line for known_hosts, or why there is none. */
type Trust =
  /** @param line undefined when known_hosts is there already */
  | { readonly kind: 'trusted'; readonly line: string | undefined }
  | {
      readonly kind: 'none';
      readonly outcome: 'could-not-connect' | 'access-refused';
      readonly why: string;
      readonly advice: string;
    };

/** Fetches the host key and lets somebody compare it. Nothing is trusted silently, and what is in known_hosts is not asked about again. */
export async function trustHostKey(
  { hostKeyFrom }: Plan,
  { hostKeyFingerprint, acceptNewHostKey }: TrustFlags,
  context: Context,
  ask: Ask,
): Promise<Trust> {
  if (hostKeyFrom === undefined) return { kind: 'trusted', line: undefined };
  const { host, port } = hostKeyFrom;
  const keys = await fetchHostKeys(host, port, context.runProcess, context.signal);
  const [first] = keys;
  if (first === undefined) return NO_ANSWER;
  if (hostKeyFingerprint !== undefined) return compared(keys, hostKeyFingerprint);
  const shown = `${first.type} ${first.fingerprint}`;
  if (acceptNewHostKey === true) {
    context.log(
      'warning',
      `Trusted without a comparison (--accept-new-host-key): ${shown}. Compare it: ${ON_THE_SECONDARY}`,
    );
    return { kind: 'trusted', line: first.line };
  }
  context.log(
    'info',
    `The host key of the secondary is ${shown}. Compare it with what it says itself: ${ON_THE_SECONDARY}`,
  );
  const flag = '--host-key-fingerprint SHA256:… (or --accept-new-host-key, which trusts whoever answers)';
  if (await ask.agree('Is it the same?', flag)) return { kind: 'trusted', line: first.line };
  return {
    ...{ kind: 'none', outcome: 'access-refused', why: 'The host key was not trusted. Nothing was written.' },
    advice: 'Find out who answers at that address.',
  };
}

const ON_THE_SECONDARY = 'ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub';

const NO_ANSWER: Trust = {
  ...{
    kind: 'none',
    outcome: 'could-not-connect',
    why: 'No ssh server answered with its host key. Nothing was written.',
  },
  advice: 'Check address and port, that its sshd runs, and that a firewall lets this host through.',
};

function compared(keys: readonly HostKey[], wanted: string): Trust {
  const found = keys.find(({ fingerprint }) => fingerprint === wanted.trim().replace(/=+$/, ''));
  if (found !== undefined) return { kind: 'trusted', line: found.line };
  const shown = keys.map(({ type, fingerprint }) => `${type} ${fingerprint}`).join(', ');
  return {
    ...{ kind: 'none', outcome: 'access-refused' },
    why: `The secondary shows another host key than --host-key-fingerprint: ${shown}. Nothing was written.`,
    advice: `Compare with what the secondary says itself: ${ON_THE_SECONDARY}`,
  };
}
