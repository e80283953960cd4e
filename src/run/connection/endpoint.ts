import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPublicKey } from '../../config/identity.ts';
import type { TargetSecrets } from '../../config/target-secrets.ts';
import type { Secret } from '../../platform/secrets.ts';
import type { Endpoint } from '../../ssh/client-config.ts';

/**
 * What ssh needs to reach a target. Key, certificate and known_hosts stay where they are if they are files; what comes from elsewhere is written
 * to the run's private directory. So is a public key, since ssh would object that others can read it.
 * @param directory a private directory (0700)
 */
export function endpointOf(secrets: TargetSecrets, directory: string): Endpoint {
  const { host, port, user, identity, certificate, knownHosts, agent, jump, passphrase } = secrets;
  const written = ({ value }: Secret, name: string): string => {
    const path = join(directory, name);
    writeFileSync(path, `${value}\n`, { mode: 0o600 });
    return path;
  };
  const place = (secret: Secret, name: string): string => secret.path ?? written(secret, name);
  return {
    ...{ host, port, user, agent, jump, passphrase },
    identityFile: isPublicKey(identity.value) ? written(identity, 'key.pub') : place(identity, 'key'),
    certificateFile: certificate && place(certificate, 'key-cert.pub'),
    knownHostsFile: place(knownHosts, 'known_hosts'),
  };
}
