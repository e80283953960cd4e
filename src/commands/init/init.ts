import { resolve } from 'node:path';
import { defaultConfigFile } from '../../config/location.ts';
import { SignalReceived } from '../../run/failure.ts';
import { exitCodeOf } from '../../shared/outcome.ts';
import type { Context } from '../context.ts';
import { doctor } from '../doctor/doctor.ts';
import { askNobody, askOnTerminal, StoppedAsking, type Ask } from './ask.ts';
import { carryOut } from './carry-out.ts';
import { gather, type InitFlags } from './gather.ts';
import { linesForSecondary, linesForSystemd } from './next-steps.ts';
import { publicKeyOf } from './own-key.ts';
import { trustHostKey, type TrustFlags } from './trust.ts';

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
  const hostKey = await trustHostKey(plan, options, context, ask);
  if (hostKey.kind === 'none') {
    context.log('error', hostKey.why);
    context.log('info', `  What to do: ${hostKey.advice}`);
    return exitCodeOf(hostKey.outcome);
  }
  if (context.signal.aborted) throw new StoppedAsking();
  progress.written = true;
  for (const { path, made } of await carryOut(plan, hostKey.line, context)) {
    context.out(`${made.padEnd(8)}  ${path}\n`);
  }
  const facts = {
    ...{
      host: plan.hostName,
      account: plan.user,
      secondary: plan.secondary,
      job: plan.job,
      backupUnit: plan.backupUnit,
    },
    publicKey: (plan.identity && (await publicKeyOf(plan.identity, context.runProcess))) ?? 'PUBLIC-KEY',
    configWords: config === defaultConfigFile() ? '' : ` --config ${config}`,
    user: process.getuid?.() !== 0,
  };
  context.out(`\n${linesForSecondary(facts)}\n${linesForSystemd(facts)}\n`);
  if (ask.somebody && !(await ask.agree('Does the secondary have these lines? Then doctor tries them.', ''))) {
    context.log('info', `When it has: offsite-rsync doctor${facts.configWords}`);
    return 0;
  }
  return examine(plan.job, { config }, context);
}
