import type { JobSettings, Settings } from '../config/settings.ts';
import { targetReferences } from '../config/target-secrets.ts';
import { secretsOf } from '../notify/registry.ts';
import type { Manager } from './manager.ts';
import type { SecretReference } from '../shared/secret-reference.ts';

/** Where a credential is that `systemd-creds encrypt` has made. */
export function encryptedCredential({ credentials }: Manager, name: string): string {
  return `${credentials}/${name}.cred`;
}

/** All references of a job's targets. */
export function jobReferences(settings: Settings, job: JobSettings): SecretReference[] {
  return job.targets.flatMap((name) => {
    const target = settings.targets.get(name);
    return target ? targetReferences(target) : [];
  });
}

/** All references of the alert channels: every service that sends alerts may need any of them. */
export function alertReferences(settings: Settings): SecretReference[] {
  return Object.values(settings.alerts.channels).flatMap((channel) =>
    secretsOf(channel).map(({ reference }) => reference),
  );
}

/**
 * Lines that pass credentials to a service.
 *
 * Each has an empty value as a fallback. Without it, systemd would not start the service if a credential is missing, and a missing
 * credential of one alert channel would silence all channels. An empty one leads to exit code 3, which is recorded and causes an alert
 * with the credential's name.
 * @param encrypted which of them are encrypted
 */
export function credentialLines(
  references: readonly SecretReference[],
  manager: Manager,
  encrypted: (name: string) => boolean = () => false,
): string[] {
  return credentialNames(references).flatMap((name) => [
    encrypted(name)
      ? `LoadCredentialEncrypted=${name}:${encryptedCredential(manager, name)}`
      : `LoadCredential=${name}:${manager.credentials}/${name}`,
    `SetCredential=${name}:\\n`,
  ]);
}

/** Names of credentials, each once, in alphabetical order. */
export function credentialNames(references: readonly SecretReference[]): string[] {
  return distinct(references.flatMap((reference) => ('credential' in reference ? [reference.credential] : [])));
}

/** Names of environment variables. */
export function environmentNames(references: readonly SecretReference[]): string[] {
  return distinct(references.flatMap((reference) => ('env' in reference ? [reference.env] : [])));
}

/** Paths of secret files. */
export function secretPaths(references: readonly SecretReference[]): string[] {
  return distinct(references.flatMap((reference) => ('file' in reference ? [reference.file] : [])));
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
