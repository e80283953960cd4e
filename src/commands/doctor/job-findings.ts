import { keepLastRuns } from '../../insight/last-runs.ts';
import type { Settings, TargetSettings } from '../../config/settings.ts';
import { previewRun, type Preview } from '../../run/preview.ts';
import type { Probe } from '../../run/probe.ts';
import { describeFileSystems } from '../../run/source/file-systems.ts';
import { describeNotSent } from '../../run/source/not-sent.ts';
import { exitCodeOf, OUTCOMES } from '../../shared/outcome.ts';
import { formatCount, formatSize } from '../../shared/units.ts';
import { readHistory } from '../../state/history.ts';
import type { RunRecord } from '../../state/run-record.ts';
import type { Context } from '../context.ts';
import { runDeps } from '../run/run.ts';
import type { Selected } from '../selection.ts';
import type { Finding, JobFindings } from './finding.ts';
import { guaranteeOf, trialFindings } from './trial-findings.ts';

/**
 * Examines one job on one target.
 * @param trials whether to try what must not work, too
 */
export async function examineJob(
  settings: Settings,
  { job, target }: Selected,
  trials: boolean,
  context: Context,
): Promise<JobFindings> {
  const deps = { ...runDeps({ json: false }, context), observe: () => undefined };
  const request = { settings, job, target, force: false, signal: context.signal };
  const preview = await previewRun(request, deps, { probe: true, trials });
  const names = { job: job.name, target: target.name };
  if (preview.kind === 'failed') {
    const findings: Finding[] = [
      { kind: 'bad', text: `${OUTCOMES[preview.outcome].title}: ${preview.reason}` },
      { kind: 'note', text: preview.advice },
    ];
    return { ...names, exitCode: preview.exitCode, findings, appendOnly: null };
  }
  const tried = trialFindings(preview.trials, target.secondary);
  const findings = [...findingsOf(preview, target), ...tried, ...(await deltaFindings(settings, names))];
  const broken = preview.exitCode === 0 && tried.some(({ kind }) => kind === 'bad');
  const appendOnly = preview.trials.length === 0 ? null : guaranteeOf(preview.trials);
  return { ...names, exitCode: broken ? exitCodeOf('findings') : preview.exitCode, findings, appendOnly };
}

function findingsOf(preview: Extract<Preview, { kind: 'shown' }>, { secondary }: TargetSettings): Finding[] {
  const { files, bytes, figures, objections, unchecked, fileSystems, notSent, probes, exitCode } = preview;
  const differing = [...describeFileSystems(fileSystems), ...describeNotSent(notSent), ...unchecked];
  const nothingLinked = figures.basis !== null && figures.linkedFiles === 0 && figures.newFiles > 0;
  const answers = secondary === 'gate' ? 'the gate answers' : 'plain rrsync answers';
  const findings: (Finding | false)[] = [
    { kind: 'good', text: 'the secondary has the host key that known_hosts names, and accepts the key' },
    { kind: 'good', text: `the source holds ${formatCount(files, 'file')}, ${formatSize(bytes)}` },
    ...differing.map((text) => ({ kind: 'note', text }) as const),
    ...objections.map((text) => ({ kind: 'bad', text }) as const),
    { kind: 'good', text: 'push: a dry run was accepted' },
    ...probes.map(probeFinding),
    // When every session was accepted, the kind of secondary is the configured one.
    exitCode === 0 && { kind: 'good', text: answers },
    nothingLinked && {
      kind: 'note',
      text: `nothing would be linked to ${figures.basis}: everything is new, or the basis is gone`,
    },
  ];
  return findings.filter((finding) => finding !== false);
}

const PROBE_MARKS = { accepted: 'good', untried: 'note', failed: 'bad' } as const;

function probeFinding({ session, kind, text }: Probe): Finding {
  return { kind: PROBE_MARKS[kind], text: `${session}: ${text}` };
}

/** Runs that are looked at. */
const LOOKED_AT = 3;

/** Less than that is not worth a word. */
const WORTH_A_WORD = 64 * 2 ** 20;

/** Whether what is sent again and again has nothing in common with what is there: compressed or encrypted dumps look like that. */
async function deltaFindings(settings: Settings, names: Pick<JobFindings, 'job' | 'target'>): Promise<Finding[]> {
  const last = keepLastRuns(LOOKED_AT);
  await readHistory(settings.stateDirectory, (record) => {
    if (record.job === names.job && record.target === names.target && record.outcome === 'done') last.add(record);
  }).catch(() => undefined);
  const runs = last.list();
  if (runs.length < LOOKED_AT || !runs.every(sendsAllAnew)) return [];
  const text =
    'each of the last runs sent what it sent as a whole: nothing of it was found in the snapshot before. Dumps that are compressed as a whole look like that: write them uncompressed, or with gzip --rsyncable, zstd --rsyncable or pg_dump --compress=0, and only what has changed is sent';
  return [{ kind: 'note', text }];
}

function sendsAllAnew({ transfer }: RunRecord): boolean {
  if (typeof transfer?.basis !== 'string') return false;
  const { literalBytes, matchedBytes } = transfer;
  return literalBytes > WORTH_A_WORD && matchedBytes < literalBytes / 20;
}
