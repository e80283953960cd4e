import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sealArguments } from '../../rsync/arguments.ts';
import { runSession, type SessionResult } from '../../rsync/session.ts';
import { formatSeal, sealName, type Seal } from '../../shared/seal.ts';
import type { VerificationFigures } from '../../state/run-record.ts';
import type { AttemptDeps, AttemptSpec } from './attempt-spec.ts';
import type { Compared } from './proof.ts';
import type { Pushed } from './push.ts';

/** The content of the seal beyond the attempt. */
interface SealFacts {
  readonly started: Date;
  readonly pushed: Pushed;
  readonly verification: VerificationFigures;
  readonly compared: Compared;
  readonly canary: 'checksum' | 'presence';
}

/** Writes the seal and sends it: only now does the snapshot count. */
export async function placeSeal(spec: AttemptSpec, deps: AttemptDeps, facts: SealFacts): Promise<SessionResult> {
  const { id, job } = spec.tree;
  const { remoteProtocol } = facts.pushed.session;
  // A push that looks at a part of the source sees only that part. The comparison sees everything, unless it is limited to what was sent.
  const { stats, source } = facts.pushed.list === undefined ? facts.pushed.session : facts.compared.seen;
  const { mode, algorithm } = facts.verification;
  const seal: Seal = {
    version: 1,
    id,
    job,
    started: facts.started.toISOString(),
    finished: deps.clock.now().toISOString(),
    files: source.regularFiles,
    bytes: stats.totalBytes,
    verification: {
      mode,
      algorithm,
      extras: spec.wire.secondary === 'gate' ? 'checked' : 'not-checked',
      canary: facts.canary,
    },
    rsync: { version: spec.rsyncVersion, remoteProtocol },
    basis: facts.pushed.figures.basis,
  };
  const file = join(spec.directory, sealName(id));
  await writeFile(file, formatSeal(seal), { mode: 0o600 });
  return runSession(
    {
      args: sealArguments(spec.wire, file, job, sealName(id)),
      mode: 'check',
      environment: deps.environment,
      signal: spec.signal,
      stallMs: spec.wire.stallMs,
    },
    deps.runProcess,
  );
}
