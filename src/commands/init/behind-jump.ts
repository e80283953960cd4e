import { writeFileAtomic } from '../../platform/files.ts';
import { loadConfig } from '../../config/load.ts';
import { behindJump } from '../../run/connection/behind-jump.ts';
import type { Context } from '../context.ts';
import { StoppedAsking, type Ask } from './ask.ts';
import type { Plan } from './gather.ts';
import { fetchHostKeys, knownHostsLine } from './host-key.ts';
import { OF_JUMP, OF_SECONDARY, trustHostKey, type Trust, type TrustFlags } from './trust.ts';

/**
 * Asks the host on the way for its host key, and through it the secondary for its own, and writes both to known_hosts when both are trusted.
 * Everything else of the target is written.
 */
export async function trustBehindJump(plan: Plan, flags: TrustFlags, context: Context, ask: Ask): Promise<Trust> {
  const { signal, runProcess } = context;
  const settings = await loadConfig(plan.config);
  const target = settings.targets.get(plan.target);
  if (target === undefined || plan.knownHosts === undefined) throw new Error('the target was not written');
  const fetch = (host: string, port: number) => fetchHostKeys(host, port, runProcess, signal);
  let jumpLine = '';
  let doubt: Trust | undefined;
  const end = await behindJump(
    { settings, target, signal },
    {
      trust: async ({ host, port = 22 }) => {
        const trust = await trustHostKey(await fetch(host, port), OF_JUMP, flags, context, ask);
        if (trust.kind === 'none') doubt = trust;
        else jumpLine = knownHostsLine(trust.key, host, port);
        return trust.kind === 'none' ? undefined : jumpLine;
      },
      use: async (port, { host, port: itsPort = 22 }) => {
        const keys = await fetch('127.0.0.1', port);
        const trust = keys.length === 0 ? NOT_THROUGH : await trustHostKey(keys, OF_SECONDARY, flags, context, ask);
        return { trust, line: trust.kind === 'none' ? '' : knownHostsLine(trust.key, host, itsPort) };
      },
    },
    context,
  );
  if (signal.aborted) throw new StoppedAsking();
  switch (end.kind) {
    case 'used':
      if (end.result.trust.kind === 'none') return end.result.trust;
      await writeFileAtomic(plan.knownHosts, `${jumpLine}\n${end.result.line}\n`, 0o600);
      context.out(`made      ${plan.knownHosts}\n`);
      return end.result.trust;
    case 'untrusted':
      return doubt ?? { ...AGAIN, outcome: 'access-refused', why: 'The host on the way was not trusted.' };
    case 'failed':
      return {
        ...AGAIN,
        outcome: end.why.outcome,
        why: `The host key of the secondary is not known yet: ${end.why.reason}.`,
      };
    case 'aborted':
      throw new StoppedAsking();
    default:
      return end satisfies never;
  }
}

const NOT_THROUGH: Trust = {
  ...{
    kind: 'none',
    outcome: 'could-not-connect',
    why: 'The host on the way did not get to an ssh server of the secondary.',
  },
  advice:
    'Check the address and port of the secondary, as the host on the way knows them: permitopen= there must name exactly these. Then call offsite-rsync init again.',
};

const AGAIN = {
  kind: 'none',
  advice:
    'Give the host on the way the line above, and call offsite-rsync init again: it asks nothing that it knows, and goes on here.',
} as const;
