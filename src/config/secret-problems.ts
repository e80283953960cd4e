import { needsSecretsFile, readSecret, SecretError, type SecretSources } from '../platform/secrets.ts';
import { secretsOf } from '../notify/registry.ts';
import type { SecretReference } from '../shared/secret-reference.ts';
import type { Settings } from './settings.ts';
import { readTargetSecrets, secretSources, targetReferences } from './target-secrets.ts';

/**
 * Everything that is wrong with the secrets of targets and alert channels, as this process sees them. A channel whose
 * address is missing is noticed here, and not at the first failure, which nobody would hear of.
 */
export function secretProblems(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const problems: string[] = [];
  const attempt = (read: () => unknown, where = ''): void => {
    try {
      read();
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      problems.push(`${where}${error.message}`);
    }
  };
  let sources: SecretSources | undefined;
  attempt(() => (sources = secretSources(settings.secretsFile, environment)));
  // If the secrets file itself cannot be read, what needs it is not reported again.
  const found = sources ?? { environment };
  const lost = (reference: SecretReference) => sources === undefined && needsSecretsFile(reference, environment);
  for (const target of settings.targets.values()) {
    if (!targetReferences(target).some(lost)) attempt(() => readTargetSecrets(target, found));
  }
  for (const [name, channel] of Object.entries(settings.alerts.channels)) {
    for (const { path, reference } of secretsOf(channel)) {
      if (!lost(reference)) attempt(() => readSecret(reference, found), `alert channel ${name}, ${path}: `);
    }
  }
  return problems;
}
