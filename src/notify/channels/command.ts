import { childEnvironment } from '../child-environment.ts';
import { messageData, type AlertMessage } from '../message.ts';
import { resultOfProgram } from '../program-result.ts';
import { commandLine, secretsByVariable } from '../../settings/kinds.ts';
import { defineChannel, refused } from '../channel.ts';

const options = {
  command: commandLine.required('Program and arguments; no shell.', ['/usr/local/bin/page-the-dba', '--urgent']),
  env: secretsByVariable.byDefault(
    {},
    'Secrets for its environment; it gets nothing else of ours but PATH, HOME, the locale and the like.',
    { TOKEN: { env: 'PAGER_TOKEN' } },
  ),
};

/**
 * A program of the administrator's own. The message is JSON on its standard input, and each field is an environment
 * variable too (`OFFSITE_SUBJECT`, `OFFSITE_JOB`, …). No part of it is an argument, so nothing in a message can be
 * taken for an option.
 */
export const command = defineChannel({
  options,
  program: ({ command: [path = ''] }) => ({ path, advice: 'Correct the first word of command.' }),
  async send(message, channel, deps) {
    const [program, ...args] = channel.command;
    if (program === undefined) return refused('no program is configured');
    const secrets = Object.entries(channel.env).map(([name, reference]) => [name, deps.readSecret(reference)] as const);
    const end = await deps.runProcess({
      program,
      args,
      env: childEnvironment(deps.environment, { ...messageVariables(message), ...Object.fromEntries(secrets) }),
      input: `${JSON.stringify(messageData(message))}\n`,
      signal: deps.signal,
    });
    return resultOfProgram(program, end);
  },
});

/** The message as environment variables; a list becomes one line per element. */
function messageVariables(message: AlertMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(messageData(message)).map(([name, value]) => [
      `OFFSITE_${name.toUpperCase()}`,
      Array.isArray(value) ? value.join('\n') : String(value),
    ]),
  );
}
