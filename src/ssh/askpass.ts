import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What ssh asks us for, and nothing else: no question about a host key is ever answered. */
const QUESTION = '/Enter (passphrase|PIN)/';

/** Something that types a passphrase when ssh asks for it. */
export interface Typist {
  /** Variables for the environment of ssh. */
  readonly environment: Readonly<Record<string, string>>;
  /** Removes what holds the passphrase. */
  leave(): Promise<void>;
}

/**
 * Lets ssh have a passphrase (`SSH_ASKPASS`, ssh(1)). It is in no argument and no environment variable: ssh starts node, which reads a file
 * in the private directory. That file is no program of its own, because most systems mount /run with `noexec`.
 * @param directory a private directory (0700)
 */
export async function typePassphrase(passphrase: string, directory: string): Promise<Typist> {
  const helper = join(directory, 'askpass.cjs');
  const text = `if (${QUESTION}.test(process.argv[1] ?? '')) {
  require('node:fs').writeSync(1, ${JSON.stringify(`${passphrase}\n`)});
  process.exit(0);
}
`;
  await writeFile(helper, text, { mode: 0o600 });
  return {
    environment: {
      SSH_ASKPASS: process.execPath,
      SSH_ASKPASS_REQUIRE: 'force',
      NODE_OPTIONS: `--require=${JSON.stringify(helper)}`,
    },
    leave: () => rm(helper, { force: true }),
  };
}
