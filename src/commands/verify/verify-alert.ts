import type { Settings } from '../../config/settings.ts';
import { deliverAlert } from '../../notify/deliver.ts';
import { reachedSomebody } from '../../notify/tellings.ts';
import { alertDeps } from '../../run/finish.ts';
import type { VerifyReport } from '../../run/verify/verify-job.ts';
import { OUTCOMES } from '../../shared/outcome.ts';
import type { Context } from '../context.ts';

/**
 * Whether a verification sends alerts for what it finds: if it was asked to, or if systemd started it, which sets an id
 * for each invocation (systemd.exec(5)). On a terminal, somebody sees the result.
 */
export function tellsPeople(alert: boolean | undefined, { interactive, environment }: Context): boolean {
  return alert === true || (!interactive && environment.INVOCATION_ID !== undefined);
}

/** Sends an alert for a verification that found damage or could not come to a verdict. */
export async function alertVerification(report: VerifyReport, settings: Settings, context: Context): Promise<void> {
  const { job, target, snapshot, outcome, reason, advice } = report;
  const which = snapshot === null ? '' : ` of snapshot ${snapshot}`;
  const facts = {
    kind: 'problem',
    event: 'failure',
    at: context.clock.now(),
    host: context.host,
    job,
    target,
    problem:
      outcome === 'corruption'
        ? `${context.host}/${job} on ${target}: snapshot ${snapshot ?? ''} is damaged`
        : `${context.host}/${job} on ${target}: the verification${which} failed: ${OUTCOMES[outcome].title}`,
    reason,
    advice: advice ?? OUTCOMES[outcome].advice,
  } as const;
  const deps = alertDeps(settings.secretsFile, { ...context, alertSignal: context.hurry });
  const reached = reachedSomebody(await deliverAlert(facts, settings.alerts, deps));
  context.tellings.add({ reached, recorded: false });
}
