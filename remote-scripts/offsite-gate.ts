import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/platform/clock.ts';
import { leaveRemovedDirectory } from '../src/platform/current-directory.ts';
import { errorMessage } from '../src/platform/files.ts';
import { GATE_ENDS, gateLine, IDENTITY_LINE, NO_CLIENT } from '../src/shared/gate-words.ts';
import { isName } from '../src/shared/names.ts';
import { SECONDARY_CONFIG } from './config/location.ts';
import type { SessionInput } from './gate/job-session.ts';
import { failure, refused, type SessionEnd } from './gate/session-end.ts';
import { serveSession } from './gate/session.ts';
import { GateSettingsError, loadGateSettings } from './gate/settings.ts';

declare global {
  var OFFSITE_RSYNC_VERSION: string | undefined;
}

const VERSION = globalThis.OFFSITE_RSYNC_VERSION ?? '0.0.0-dev';

/** The program that makes manifests; it is installed beside this one. */
const SCRUB = fileURLToPath(new URL('offsite-scrub.mjs', import.meta.url));

// The reader may be gone: the client of a session, or `head` behind --check.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let options;
  try {
    options = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        check: { type: 'boolean' },
        read: { type: 'boolean' },
        config: { type: 'string', default: SECONDARY_CONFIG },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    });
  } catch (error) {
    return usage(errorMessage(error));
  }
  const { values, positionals } = options;
  if (values.help) return say((await import('./gate/help.ts')).gateHelp(ownPlace()));
  if (values.version) return say(`offsite-gate ${VERSION}\n`);
  const [host] = positionals;
  if (host === undefined || positionals.length > 1) return usage('give one HOST');
  if (!isName(host)) return usage(`${JSON.stringify(host)} is not a name of a host`);
  if (values.check && values.read) return usage('--check looks at both keys, and takes no --read');
  process.umask(0o077);
  if (values.check) {
    leaveRemovedDirectory();
    const { checkHost } = await import('./gate/check/check-host.ts');
    const words = values.config === SECONDARY_CONFIG ? [] : ['--config', resolve(values.config)];
    return checkHost({
      host,
      configPath: values.config,
      gate: [ownPlace(), ...words].join(' '),
      write: (text) => process.stdout.write(text),
    });
  }
  const end = await serve(host, values.config, values.read === true);
  if (end.kind === 'exit') return end.code;
  process.stderr.write(`${gateLine(end.kind, end.reason)}\n`);
  if (end.reason === NO_CLIENT) {
    process.stderr.write(`${IDENTITY_LINE.write({ version: VERSION, time: systemClock.now() })}\n`);
  }
  return GATE_ENDS[end.kind].code;
}

async function serve(host: string, configPath: string, reads: boolean): Promise<SessionEnd> {
  const { SSH_ORIGINAL_COMMAND: commandLine, SSH_CONNECTION: connection } = process.env;
  if (process.getuid?.() === 0) return refused('the gate does not run as root: give the host an account of its own');
  if (commandLine === undefined) return refused(NO_CLIENT);
  try {
    const settings = await loadGateSettings(configPath, host, VERSION);
    const { username } = userInfo();
    if (username !== settings.account) {
      return refused(`host ${host} belongs to another account than this one; check authorized_keys`);
    }
    const input: SessionInput = {
      commandLine,
      client: /^[0-9A-Fa-f.:%a-z]{1,64}/.exec(connection ?? '')?.[0] ?? 'unknown',
      settings,
      version: VERSION,
      clock: systemClock,
      manifests: { program: SCRUB, host, config: resolve(configPath) },
      signal: whenToldToEnd(),
    };
    if (!reads) return await serveSession(input);
    // A part of its own: the sessions of a run, which are many, do not load it.
    const { serveReading } = await import('./gate/read/serve-reading.ts');
    return await serveReading(input);
  } catch (error) {
    // No state directory is known here, so the system's log is the only place where the administrator can be told.
    const { spawnSync } = await import('node:child_process');
    const words = ['--tag', 'offsite-gate', '--priority', 'auth.err', '--', errorMessage(error)];
    spawnSync('/usr/bin/logger', words, { stdio: 'ignore' });
    return error instanceof GateSettingsError
      ? refused(`the settings of the secondary cannot be used; run there: offsite-gate --check ${host}`)
      : failure(error, { letIn: false, log: 'the system log' });
  }
}

function whenToldToEnd(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function usage(problem: string): number {
  process.stderr.write(`offsite-gate: ${problem}. See offsite-gate --help\n`);
  return 2;
}

/** Where this program lies, as it was started: a link in the directory `bin` of whatever PREFIX it was installed with. */
function ownPlace(): string {
  return process.argv[1] ?? 'offsite-gate';
}
