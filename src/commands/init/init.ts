import { resolve } from 'node:path';
import { defaultConfigFile } from '../../config/location.ts';
import { SignalReceived } from '../../run/failure.ts';
import { exitCodeOf } from '../../shared/outcome.ts';
import type { Context } from '../context.ts';
import { doctor } from '../doctor/doctor.ts';
import { askNobody, askOnTerminal, StoppedAsking, type Ask } from './ask.ts';
import { carryOut } from './carry-out.ts';
import { trustBehindJump } from './behind-jump.ts';
import { gather, type InitFlags } from './gather.ts';
import { linesForJump, linesForReading, linesForSecondary, linesForSystemd } from './next-steps.ts';
import { publicKeyOf } from './own-key.ts';
import { OF_SECONDARY, trustHostKey, type Trust, type TrustFlags } from './trust.ts';

/** Options of `offsite-rsync init`. */
export interface InitOptions extends InitFlags, TrustFlags {
  readonly config: string;
  readonly yes?: boolean;
}

/**
 * `offsite-rsync init`: asks for what is missing; writes configuration, secrets, key and host key; prints what is to be typed on the secondary
 * and for systemd; ends with `doctor`. What is there already stays as it is.
 * @param ask who answers; default: somebody on the terminal, or nobody
 * @param examine what it ends with
 * @returns the exit code of `doctor`; 0 when somebody wants to call that later; 10 or 11 when there is no host key to trust; 128+n when
 *   somebody stopped it
 * @throws UsageError when an answer is missing and there is nobody to ask
 */
export async function init(
  options: InitOptions,
  context: Context,
  { ask, examine = doctor }: { readonly ask?: Ask; readonly examine?: typeof doctor } = {},
): Promise<number> {
  const { signal } = context;
  const progress = { written: false };
  try {
    const yes = options.yes === true;
    const answering = ask ?? (context.terminal && !yes ? await askOnTerminal(signal) : askNobody(yes));
    return await setUp(options, context, answering, examine, progress);
  } catch (error) {
    if (!(error instanceof StoppedAsking)) throw error;
    const left = progress.written
      ? 'What is written stays: the same command goes on from there.'
      : 'Nothing was written.';
    context.log('error', `Stopped. ${left}`);
    const reason: unknown = signal.reason;
    return exitCodeOf('interrupted', reason instanceof SignalReceived ? reason.signal : 'SIGINT');
  }
}

async function setUp(
  options: InitOptions,
  context: Context,
  ask: Ask,
  examine: typeof doctor,
  progress: { written: boolean },
): Promise<number> {
  const config = resolve(options.config);
  const plan = await gather(config, options, context, ask);
  const { hostKeys } = plan;
  // Through the host on the way nobody gets before that has the key, which is made here.
  const behind = hostKeys === 'behind-jump';
  let line: string | undefined;
  if (hostKeys !== undefined && hostKeys !== 'behind-jump') {
    const trust = await trustHostKey(hostKeys, OF_SECONDARY, options, context, ask);
    if (trust.kind === 'none') return untrusted({ ...trust, why: `${trust.why} Nothing was written.` }, context);
    ({ line } = trust.key);
  }
  if (context.signal.aborted) throw new StoppedAsking();
  progress.written = true;
  const toWrite = behind ? { ...plan, knownHosts: undefined } : plan;
  for (const { path, made } of await carryOut(toWrite, line, context)) {
    context.out(`${made.padEnd(8)}  ${path}\n`);
  }
  const facts = {
    ...{
      host: plan.hostName,
      account: plan.user,
      secondary: plan.secondary,
      job: plan.job,
      backupUnit: plan.backupUnit,
      tells: plan.tells,
    },
    publicKey: (plan.identity && (await publicKeyOf(plan.identity, context.runProcess))) ?? 'PUBLIC-KEY',
    configWords: config === defaultConfigFile() ? '' : ` --config ${config}`,
    user: process.getuid?.() !== 0,
  };
  const first = behind ? `${linesForJump(facts)}\n` : '';
  context.out(`\n${first}${linesForSecondary(facts)}\n${linesForSystemd(facts)}\n${linesForReading(facts)}\n`);
  if (ask.somebody && !(await ask.agree(behind ? HAVE_THEY : HAS_IT, ''))) {
    const next = behind ? 'When they have: offsite-rsync init' : 'When it has: offsite-rsync doctor';
    context.log('info', `${next}${facts.configWords}`);
    return 0;
  }
  if (behind) {
    const trust = await trustBehindJump(plan, options, context, ask);
    if (trust.kind === 'none') return untrusted(trust, context);
  }
  return examine(plan.job, { config }, context);
}

const HAS_IT = 'Does the secondary have these lines? Then doctor tries them.';
const HAVE_THEY =
  'Do the host on the way and the secondary have these lines? Then their host keys are next, and doctor.';

function untrusted({ outcome, why, advice }: Extract<Trust, { kind: 'none' }>, context: Context): number {
  context.log('error', why);
  context.log('info', `  What to do: ${advice}`);
  return exitCodeOf(outcome);
}
