import type { CommandChannel } from '../../shared/alert-settings.ts';
import { childEnvironment } from '../child-environment.ts';
import { messageData, type AlertMessage } from '../message.ts';
import { resultOfProgram } from '../program-result.ts';
import { refused, type Send } from '../channel.ts';

/**
 * Starts the administrator's own program: the message is JSON on its standard input, and each of its fields an
 * environment variable (`OFFSITE_SUBJECT`, `OFFSITE_JOB`, …). Nothing of it is an argument, so that nothing in a
 * message can pass for an option.
 */
export const sendCommand: Send<CommandChannel> = async (message, channel, deps) => {
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
};

/** The message as environment variables; of a list, one element a line. */
function messageVariables(message: AlertMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(messageData(message)).map(([name, value]) => [
      `OFFSITE_${name.toUpperCase()}`,
      Array.isArray(value) ? value.join('\n') : String(value),
    ]),
  );
}
