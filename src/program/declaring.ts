import { Option, type Command } from 'commander';
import type { Context } from '../commands/context.ts';
import { defaultConfigFile, SYSTEM_CONFIG_FILE } from '../config/location.ts';

/** What a command does. @returns the exit code */
export type Action = (context: Context) => Promise<number>;

/**
 * Runs a command.
 * @param unattended a timer or unit may have started it, so a failure is told to people
 */
export type Perform = (action: Action, unattended?: boolean) => Promise<void>;

/** Adds commands to the program. Each loads its code only when it is called, so that start-up stays short. */
export type Declare = (program: Command, perform: Perform) => void;

/** `--config`, for every command that reads the configuration. */
export function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file')
    .env('OFFSITE_RSYNC_CONFIG')
    .default(defaultConfigFile(), `${SYSTEM_CONFIG_FILE}; of an ordinary user ~/.config/offsite-rsync/config.yaml`);
}
