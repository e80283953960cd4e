import { HOLDS } from '../retention/holds.ts';
import { PruneRefusal } from './refusal.ts';
import { releaseMark, releasePlan, type JobPlan } from './plan.ts';

/**
 * Overrules the holds of the plans that an administrator names. Pure.
 * @param marks as a dry run shows them: `JOB:MARK`
 * @throws PruneRefusal for a job that does not exist or is not on hold, for a hold that only ends by itself, and for a
 * plan that has changed since somebody looked at it
 */
export function release(host: string, plans: readonly JobPlan[], marks: readonly string[]): JobPlan[] {
  const released = new Map<string, JobPlan>();
  for (const mark of marks) {
    const job = mark.slice(0, Math.max(0, mark.lastIndexOf(':')));
    const plan = plans.find((candidate) => candidate.job === job);
    if (!plan) {
      const jobs = plans.map((candidate) => candidate.job).join(', ');
      throw new PruneRefusal(
        `--release ${mark} does not name a job of ${host}: write JOB:MARK as --dry-run shows it (${jobs})`,
      );
    }
    if (plan.holds.length === 0) throw new PruneRefusal(`${job} is not on hold: leave out --release.`);
    const current = releaseMark(plan);
    if (current === undefined) {
      const lasting = plan.holds.filter(({ kind }) => HOLDS[kind].ends !== 'release');
      const reasons = lasting.map(({ kind, reason }) => `${kind}: ${reason}. ${HOLDS[kind].advice}`);
      throw new PruneRefusal(`The hold of ${job} ends only when its cause does. ${reasons.join(' ')}`);
    }
    if (current !== mark) {
      throw new PruneRefusal(
        `The plan of ${job} is no longer the one that you looked at. Look again: offsite-prune ${host} --dry-run`,
      );
    }
    released.set(job, releasePlan(plan));
  }
  return plans.map((plan) => released.get(plan.job) ?? plan);
}
