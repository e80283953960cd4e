import { cronProblem } from '../shared/schedule.ts';
import type { ConfigProblem, Locate } from '../settings/yaml-config.ts';
import { parseDuration } from '../shared/units.ts';
import { leavesOut, pathBelow } from './left-out.ts';
import { defaultStateDirectory } from './location.ts';
import type { RawConfig, RawJob } from './options.ts';

/** Longest runtime directory: a socket is made in it, and a socket's path can have 108 bytes (unix(7)). */
const MAX_RUNTIME_DIRECTORY = 60;

/** Where root keeps the private files of a run unless `runtime_dir` says otherwise. */
const DEFAULT_RUNTIME_DIRECTORY = '/run/offsite-rsync';

/** Longest deadline in milliseconds: timers count milliseconds in 31 bits. */
const LONGEST_DEADLINE = 24 * 86_400_000;

/** Rules that go beyond the schema. Returns every problem. */
export function checkRules(config: RawConfig, locate: Locate): ConfigProblem[] {
  const problem = (path: readonly string[], message: string): ConfigProblem => ({
    path: path.join('.'),
    line: locate(path),
    message,
  });
  const problems: ConfigProblem[] = [];
  const runtime = config.runtime_dir;
  if (runtime !== undefined && (runtime.length > MAX_RUNTIME_DIRECTORY || /\s/.test(runtime))) {
    problems.push(
      problem(
        ['runtime_dir'],
        `at most ${MAX_RUNTIME_DIRECTORY} characters and no white space, since ssh keeps a socket below it`,
      ),
    );
  }
  const { textfile } = config.metrics;
  if (textfile !== undefined && !textfile.endsWith('.prom')) {
    problems.push(
      problem(['metrics', 'textfile'], "must end in .prom: node_exporter's collector reads no other files"),
    );
  }
  for (const [name, target] of Object.entries(config.targets)) {
    if (parseDuration(target.stall_timeout) === 0) {
      problems.push(problem(['targets', name, 'stall_timeout'], `${target.stall_timeout} would end every run`));
    }
  }
  for (const [name, job] of Object.entries(config.jobs)) {
    problems.push(...jobProblems(['jobs', name], job, config, problem));
  }
  return problems;
}

function jobProblems(
  path: readonly string[],
  job: RawJob,
  config: RawConfig,
  problem: (path: readonly string[], message: string) => ConfigProblem,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const known = Object.keys(config.targets);
  if (job.targets === undefined && known.length > 1) {
    problems.push(
      problem(
        [...path, 'targets'],
        `is missing: there are several targets (${known.join(', ')}), so name those of this job`,
      ),
    );
  }
  for (const target of job.targets ?? []) {
    if (!known.includes(target)) {
      problems.push(problem([...path, 'targets'], `there is no target "${target}"; known: ${known.join(', ')}`));
    }
  }
  for (const [keys, text] of [
    [['deadline'], job.deadline],
    [['guard', 'max_age'], job.guard.max_age],
  ] as const) {
    if (parseDuration(text) === 0) problems.push(problem([...path, ...keys], `${text} would fail every run`));
  }
  if ((parseDuration(job.deadline) ?? 0) > LONGEST_DEADLINE) {
    problems.push(problem([...path, 'deadline'], `${job.deadline} is more than 24d, the longest a timer can wait`));
  }
  const own = {
    state_dir: config.state_dir ?? defaultStateDirectory(),
    runtime_dir: config.runtime_dir ?? DEFAULT_RUNTIME_DIRECTORY,
  };
  for (const [key, directory] of Object.entries(own)) {
    const inside = pathBelow(job.source, directory);
    if (inside !== undefined && !leavesOut(job.exclude, inside)) {
      problems.push(
        problem(
          [...path, 'source'],
          `holds ${key} (${directory}), which changes during every run and can hold secrets: ${inside === '' ? 'give it a directory of its own' : `add ${JSON.stringify(`/${inside}`)} to exclude`}`,
        ),
      );
    }
  }
  for (const pattern of job.exclude) {
    // In rsync's rules "!" clears the list; a pattern that is a control character cannot be meant.
    if (pattern === '!' || /\p{Cc}/u.test(pattern)) {
      problems.push(problem([...path, 'exclude'], `${JSON.stringify(pattern)} is not an exclude pattern`));
    }
  }
  // The schema checks the time zones, so a wrong one does not hide a wrong schedule.
  const schedules: (readonly [string, string, string])[] = [['verify', 'full_schedule', job.verify.full_schedule]];
  if (job.verify.schedule !== undefined) schedules.push(['verify', 'schedule', job.verify.schedule]);
  if (job.expect) schedules.push(['expect', 'schedule', job.expect.schedule]);
  for (const [group, key, expression] of schedules) {
    const wrong = cronProblem(expression);
    if (wrong !== undefined) problems.push(problem([...path, group, key], wrong));
  }
  const { delay, max_delay: maxDelay } = job.retry;
  if ((parseDuration(delay) ?? 0) > (parseDuration(maxDelay) ?? 0)) {
    problems.push(problem([...path, 'retry', 'delay'], `${delay} is longer than max_delay (${maxDelay})`));
  }
  return problems;
}
