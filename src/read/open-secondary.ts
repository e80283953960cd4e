import { resolve } from 'node:path';
import { readTargetSecrets, secretSources } from '../config/target-secrets.ts';
import type { Settings, TargetSettings } from '../config/settings.ts';
import type { Clock } from '../platform/clock.ts';
import type { RunProcess } from '../platform/process.ts';
import { readOptions, type ReadingWire } from '../rsync/reading.ts';
import { endpointOf } from '../run/connection/endpoint.ts';
import { openPrivateDirectory } from '../run/connection/private-directory.ts';
import { interruptionOf, type Failure } from '../run/failure.ts';
import { connectionTimes, stallMsOf, timeoutSecondsOf } from '../run/plan.ts';
import { readableName } from '../shared/reading.ts';
import type { LearningRedactor } from '../shared/redaction.ts';
import { connect, remoteShell, sessionEnvironment } from '../ssh/connection.ts';
import { askGate } from './ask-gate.ts';
import { askRrsync } from './ask-rrsync.ts';
import { ReadError, type SnapshotSource } from './snapshot-source.ts';

/** Which secondary is to be read, with which key. */
export interface SecondarySpec {
  readonly settings: Pick<Settings, 'secretsFile' | 'runtimeDirectory'>;
  readonly target: TargetSettings;
  /** Path of the private read key; undefined: `read_identity` of the target. */
  readonly identity: string | undefined;
  /** Only this job is asked about; undefined: all that are there. */
  readonly job: string | undefined;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

/** What reading needs from outside. */
export interface ReadDeps {
  readonly clock: Clock;
  readonly runProcess: RunProcess;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly redactor: LearningRedactor;
}

/** What the questions about a secondary are asked with. */
export interface Asking {
  readonly alias: string;
  /** Private, for small files. */
  readonly directory: string;
  readonly wire: ReadingWire;
  readonly environment: Readonly<Record<string, string>>;
  readonly stallMs: number;
  readonly job: string | undefined;
  readonly runProcess: RunProcess;
  readonly signal: AbortSignal;
}

/**
 * Connects to a secondary with the read key, and asks what lies there. The push key of the target is not looked at, so this works on a
 * machine that has none. The caller closes what it gets.
 * @throws ReadError when that fails; SecretError when a secret cannot be read; UnfitFileError when the private directory cannot be used
 */
export async function openSecondary(spec: SecondarySpec, deps: ReadDeps): Promise<SnapshotSource> {
  const { settings, target, signal } = spec;
  const identity = spec.identity === undefined ? target.readIdentity : { file: resolve(spec.identity) };
  if (identity === undefined) throw new ReadError(noReadKey(target.name));
  // These belong to the push key.
  const without = { passphrase: undefined, certificate: undefined, agent: undefined };
  const secrets = readTargetSecrets(
    { ...target, ...without, identity },
    secretSources(settings.secretsFile, deps.environment),
  );
  deps.redactor.learn(secrets.named);
  const directory = await openPrivateDirectory(
    settings.runtimeDirectory,
    deps.environment,
    `read ${target.name}`,
    'process',
  );
  let close = () => directory.remove();
  try {
    const endpoint = endpointOf(secrets, directory.path);
    const times = connectionTimes(target);
    const spoken = { alias: target.name, endpoint, times, directory: directory.path, signal };
    const connected = await connect(spoken, deps.clock);
    if (connected.kind === 'aborted') throw new ReadError(interruptionOf(signal));
    if (connected.kind === 'failed') throw new ReadError(connected.failure);
    close = async () => {
      await connected.connection.close();
      await directory.remove();
    };
    const asking: Asking = {
      ...askingOf(target, directory.path),
      ...deps,
      job: spec.job,
      signal,
      environment: sessionEnvironment(),
    };
    const { metadata, jobs } = await (target.secondary === 'gate'
      ? askGate(asking)
      : askRrsync(asking, target.metadata));
    // With the owners and modes of fake_super, root would give what this target was never sent.
    if (target.metadata === 'plain' && metadata !== 'plain') throw new ReadError(notPlain(target.name, metadata));
    return {
      ...{ name: `target ${target.name}`, metadata, jobs, close },
      options: readOptions({ ...asking.wire, metadata }),
      ...{ environment: asking.environment, stallMs: asking.stallMs },
      place: (job, { id, sealed }, path = '') => {
        const thing = sealed || target.secondary === 'rrsync' ? 'sealed' : 'unsealed';
        return `${target.name}:/${job}/${readableName(id, thing)}/${path}`;
      },
      manifest: (job, { id, manifest }) =>
        manifest === null ? undefined : `${target.name}:/${job}/${readableName(id, 'manifest')}`,
    };
  } catch (error) {
    await close();
    throw signal.aborted ? new ReadError(interruptionOf(signal)) : error;
  }
}

function askingOf(target: TargetSettings, directory: string): Pick<Asking, 'alias' | 'directory' | 'wire' | 'stallMs'> {
  const { metadata, compress } = target;
  const wire = { remoteShell: remoteShell(directory), metadata, compress, timeoutSeconds: timeoutSecondsOf(target) };
  return { alias: target.name, directory, wire, stallMs: stallMsOf(target) };
}

function notPlain(target: string, told: SnapshotSource['metadata']): Failure {
  return {
    outcome: 'refused',
    reason: `the target ${target} says \`metadata: plain\`, but the secondary says \`metadata: ${told}\``,
    advice: 'Ask whoever runs the secondary what is true, and write the same on both sides.',
  };
}

function noReadKey(target: string) {
  return {
    outcome: 'usage',
    reason: `there is no key with which ${target} may be read: the key that pushes does not`,
    advice:
      'Name the read key with --identity FILE, or read_identity of the target. On the secondary, offsite-secondary add-host HOST --read-key FILE.pub lets it in.',
  } as const;
}
