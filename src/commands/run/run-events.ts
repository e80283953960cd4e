import type { Log } from '../../platform/logger.ts';
import { describeFileSystems } from '../../run/source/file-systems.ts';
import { describeNotSent } from '../../run/source/not-sent.ts';
import type { ObserveRuns, RunEvent, Step } from '../../run/events.ts';
import type { Clock } from '../../platform/clock.ts';
import { formatCount, formatDuration, formatSize } from '../../shared/units.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';
import type { ProgressBar } from './progress-bar.ts';

const STEP_WORDS: Readonly<Record<Exclude<Step, 'verify'>, string>> = {
  connect: 'connecting',
  push: 'sending',
  canary: 'checking that verification notices differences',
  seal: 'sealing',
};
const VERIFY_WORDS = {
  full: 'verifying: reading both sides',
  content: 'verifying: reading both sides',
  changed: 'verifying: reading what was sent, on both sides',
} as const;

/** Milliseconds between two lines of progress if no bar can be shown. */
const LINE_EVERY = 60_000;

/** Shows the events of runs to a person: lines on standard error, and a bar on a terminal. */
export function createEventWriter(log: Log, clock: Clock, bar: ProgressBar | undefined): ObserveRuns {
  const lastLines = new Map<string, number>();
  let label = '';
  const say = (level: Parameters<Log>[0], text: string) => {
    bar?.clear();
    log(level, `${label}: ${text}`);
  };
  return (event, { run, job, target }) => {
    label = `${job} → ${target}`;
    switch (event.event) {
      case 'run-started':
      case 'preview-started':
      case 'verify-started':
        lastLines.set(run, clock.monotonic());
        break;
      case 'source-read':
        say('info', `source holds ${formatCount(event.files, 'file')}, ${formatSize(event.bytes)}`);
        for (const line of [...describeFileSystems(event.fileSystems), ...describeNotSent(event.notSent)])
          say('info', line);
        break;
      case 'attempt-started': {
        const bases = event.bases.length === 0 ? 'nothing to link to yet' : `linking to ${event.bases.join(' and ')}`;
        const names =
          event.fuzzy || event.bases.length === 0 ? '' : '; new names are not compared with those there (fuzzy)';
        say('info', `snapshot ${event.snapshot}, attempt ${event.attempt}, ${bases}${names}`);
        lastLines.set(run, clock.monotonic());
        break;
      }
      case 'step-started':
        if (event.step !== 'push') bar?.clear();
        say('info', event.step === 'verify' ? VERIFY_WORDS[event.mode] : STEP_WORDS[event.step]);
        break;
      case 'progress': {
        bar?.update(label, event);
        const now = clock.monotonic();
        if (bar || now - (lastLines.get(run) ?? 0) < LINE_EVERY) break;
        lastLines.set(run, now);
        say('info', progressText(event));
        break;
      }
      case 'waiting':
        say('info', `${event.reason}; waiting ${formatDuration(event.ms)}`);
        break;
      case 'attempt-failed': {
        const next = event.retryInMs === null ? '' : `; next attempt in ${formatDuration(event.retryInMs)}`;
        if (event.retryInMs !== null) say('warning', `attempt ${event.attempt}: ${event.reason}${next}`);
        break;
      }
      case 'difference':
        say('notice', `${event.difference.kind}: ${event.difference.name} (${event.difference.what})`);
        break;
      case 'run-finished':
        bar?.clear();
        break;
      default:
        event satisfies never;
    }
  };
}

function progressText(event: Extract<RunEvent, { event: 'progress' }>): string {
  const { bytes, totalBytes } = event;
  const percent = totalBytes === 0 ? 100 : Math.floor((bytes / totalBytes) * 100);
  const size = `${percent} %: ${formatSize(bytes)} of ${formatSize(totalBytes)}`;
  return event.step === 'verify'
    ? `${size} verified`
    : `${size}, ${event.files} of ${formatCount(event.totalFiles, 'file')}`;
}

/** Prints one event per line, for programs. Each names its run, job and target. */
export function createJsonWriter(context: Pick<Context, 'out' | 'clock' | 'redactor'>): ObserveRuns {
  return (event, scope) =>
    printJson(context, 'run --json', { time: context.clock.now().toISOString(), ...event, ...scope });
}
