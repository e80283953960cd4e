import type { Plugin } from 'esbuild';

/** The plugin, for every build of a program that reads a config file. */
export function compiledSchemas(): Plugin;
