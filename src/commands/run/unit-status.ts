import type { Clock } from '../../platform/clock.ts';
import type { RunProcess } from '../../platform/process.ts';
import type { ObserveRuns, RunEvent } from '../../run/events.ts';
import type { Redact } from '../../shared/redaction.ts';

/** Milliseconds between two reports of progress. */
const EVERY = 10_000;

const STEPS = {
  connect: 'connecting',
  push: 'sending',
  verify: 'verifying',
  canary: 'testing verification',
  seal: 'sealing',
};

/**
 * Tells systemd what a run is doing (`STATUS=`, sd_notify(3)), which `systemctl status` then shows.
 * @returns undefined unless the unit wants to be told (`NotifyAccess=`); what cannot be told is left out
 */
export function createUnitStatus(
  environment: Readonly<Record<string, string | undefined>>,
  runProcess: RunProcess,
  clock: Pick<Clock, 'monotonic'>,
  redact: Redact,
): ObserveRuns | undefined {
  const { NOTIFY_SOCKET: socket, PATH = '/usr/local/bin:/usr/bin:/bin' } = environment;
  if (socket === undefined) return undefined;
  let last = -Infinity;
  let telling = Promise.resolve();
  return (event, { job, target }) => {
    const text = statusText(event);
    const now = clock.monotonic();
    if (text === undefined || (event.event === 'progress' && now - last < EVERY)) return;
    last = now;
    const args = [`--status=${redact(`${job} → ${target}: ${text}`)}`];
    const env = { PATH, NOTIFY_SOCKET: socket };
    // One after the other, so that the last word is the last.
    telling = telling
      .then(() => runProcess({ program: 'systemd-notify', args, env, timeoutMs: 5000 }))
      .then(() => undefined);
  };
}

function statusText(event: RunEvent): string | undefined {
  switch (event.event) {
    case 'step-started':
      return STEPS[event.step];
    case 'progress': {
      const { step, bytes, totalBytes } = event;
      return `${STEPS[step]}, ${totalBytes === 0 ? 100 : Math.floor((bytes / totalBytes) * 100)} %`;
    }
    case 'waiting':
      return event.reason;
    case 'run-finished':
      return event.record.exitCode === 0 ? 'secured' : `not secured (exit code ${event.record.exitCode})`;
    default:
      return undefined;
  }
}
