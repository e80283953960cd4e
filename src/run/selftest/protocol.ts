import { release, type } from 'node:os';
import type { RunProcess } from '../../platform/process.ts';
import { localRsyncVersion } from '../../rsync/version.ts';
import type { SnapshotId } from '../../shared/snapshot-id.ts';
import { exitCodeOf } from '../../shared/outcome.ts';
import { version } from '../../shared/version.ts';
import { loadJobState, saveJobState } from '../../state/job-state.ts';
import { runName, scopedTo, type CallerDeps, type RunRequest } from '../request.ts';
import { observeCut } from './cut-line.ts';
import { untried } from './observing.ts';
import { sendAndVerify } from './send-and-verify.ts';
import type { Criterion, SelftestReport, Versions } from './selftest-report.ts';
import { sourceIn, testRequest, type TestPlace } from './test-job.ts';
import { makeTestSource, renewTestSource } from './test-source.ts';

/** Slow enough for the line to be cut before everything is sent: bytes per second. */
const CUT_RATE = 4 * 2 ** 20;

/**
 * The acceptance protocol: sends a test backup, verifies it, and cuts the line of a second one. Nothing is sealed; state, history and
 * metrics of this host stay as they are. The alert channels are its own.
 * @param onCriterion told of each as soon as it is known
 */
export async function runProtocol(
  place: TestPlace,
  deps: CallerDeps,
  onCriterion: (criterion: Criterion) => void,
): Promise<SelftestReport> {
  const { target, directory } = place;
  const begun = deps.clock.now();
  await makeTestSource(sourceIn(directory));
  const request = testRequest(place);
  const {
    criteria: first,
    id,
    remoteProtocol,
  } = await sendAndVerify(request, scopedTo(runName(begun, request), request, deps));
  first.forEach(onCriterion);
  if (id !== undefined) {
    await useUp(request, id);
    await renewTestSource(sourceIn(directory));
  }
  const cut = first[0].holds ? await observeCut(testRequest(place, CUT_RATE), deps) : undefined;
  const third = cut?.criterion ?? untried('interrupted');
  onCriterion(third);
  const criteria = [...first, third];
  const accepted = criteria.every(({ holds }) => holds);
  return {
    version: 1,
    host: deps.host,
    target: target.name,
    secondary: target.secondary,
    begun: begun.toISOString(),
    finished: deps.clock.now().toISOString(),
    accepted,
    exitCode: exitCodeOf(accepted ? 'done' : 'findings'),
    versions: await versionsHere(deps.runProcess, remoteProtocol),
    criteria,
    left: leftThere(target.secondary, id, cut?.id),
  };
}

/** The run that comes after it takes another id. Behind the gate it goes on in the same tree, as after every attempt that was not sealed. */
async function useUp({ settings, job, target }: RunRequest, lastId: SnapshotId): Promise<void> {
  const { state } = await loadJobState(settings.stateDirectory, job.name, target.name);
  const broken = target.secondary === 'gate' ? { id: lastId, bytes: 0 } : null;
  await saveJobState(settings.stateDirectory, job.name, target.name, { ...state, lastId, broken });
}

/** A plain rrsync goes on in no tree (docs/design.md, The wire), so there each attempt has left one. */
function leftThere(
  secondary: SelftestReport['secondary'],
  first: SnapshotId | undefined,
  cut: SnapshotId | undefined,
): SnapshotId[] {
  const left = [first, cut].filter((id) => id !== undefined);
  return secondary === 'gate' ? left.slice(-1) : left;
}

async function versionsHere(runProcess: RunProcess, remoteProtocol: number | null): Promise<Versions> {
  let ssh = 'unknown';
  await runProcess({ program: 'ssh', args: ['-V'], onStderrLine: (line) => (ssh = line) });
  return {
    offsiteRsync: version,
    node: process.versions.node,
    rsync: (await localRsyncVersion(runProcess)) ?? 'unknown',
    ssh,
    remoteProtocol,
    system: `${type()} ${release()}`,
  };
}
