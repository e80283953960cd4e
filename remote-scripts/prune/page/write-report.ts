import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { errorCode, errorMessage, writeFileAtomic } from '../../../src/platform/files.ts';
import { UnfitFileError } from '../../../src/platform/regular-file.ts';
import { formatCount } from '../../../src/shared/units.ts';
import type { HostSettings, SecondarySettings } from '../../config/settings.ts';
import { statusOf, type CommandDeps } from '../commands.ts';
import { lookAt } from '../look.ts';
import { EXIT } from '../exit-codes.ts';
import { ownHosts } from '../places.ts';
import { PruneRefusal } from '../refusal.ts';
import { learnSpace } from '../space.ts';
import { lookAhead, type Outlook } from './outlook.ts';
import { renderPart, renderSecondaryPage, type HostPart, type PageSetting } from './page.ts';

/** What `report` was asked for. */
export interface ReportRequest {
  /** The file to write; `-` for standard output. */
  readonly out: string;
  /** Days of the calendars. */
  readonly days: number;
  /** Only the part of this host, for the call that puts the page together. */
  readonly part: HostSettings | undefined;
  readonly config: string;
  /** This program, to be started as the account of each host. */
  readonly program: string;
}

/**
 * `offsite-prune report --out FILE`: one self-contained HTML page. Root reads nothing of a host itself, since all of that was
 * written by somebody with a push key: it starts this program as the account of each host, and puts the parts together.
 * @returns the exit code
 * @throws PruneRefusal when the page cannot be written, or no host belongs to this account
 */
export async function runReport(
  settings: SecondarySettings,
  request: ReportRequest,
  deps: CommandDeps,
): Promise<number> {
  const at = deps.clock.now();
  const setting = { at, days: request.days, timezone: settings.timezone };
  if (request.part) {
    deps.write(writtenPart(await readPart(settings, request.part, setting, deps)));
    return EXIT.done.code;
  }
  const isRoot = deps.uid === 0;
  const parts: HostPart[] = [];
  for (const host of isRoot ? settings.hosts.values() : await ownHosts(settings, deps.uid)) {
    parts.push(isRoot ? await askAccount(host, request, deps) : await readPart(settings, host, setting, deps));
    if (deps.signal?.aborted) return EXIT.failed.code; // the caller says which signal it was
  }
  // Only the first label, because a full name would reveal where the secondary is.
  const page = renderSecondaryPage(hostname().split('.')[0] ?? 'the secondary', at, parts);
  if (request.out === '-') deps.write(page);
  else deps.write(`${await writePage(request.out, page)}: ${formatCount(parts.length, 'host')}.\n`);
  return EXIT.done.code;
}

async function readPart(
  settings: SecondarySettings,
  host: HostSettings,
  setting: PageSetting,
  deps: CommandDeps,
): Promise<HostPart> {
  if (deps.uid === 0) throw new PruneRefusal('The part of a host is read as its account, not as root.');
  const survey = await lookAt(settings, host, deps);
  const outlooks = new Map<string, Outlook>();
  for (const plan of survey.plans) {
    const outlook = await lookAhead(host, plan, { timezone: setting.timezone, now: survey.now, signal: deps.signal });
    if (outlook) outlooks.set(plan.job, outlook);
  }
  const space = learnSpace(survey.memory.space, survey.space, survey.now);
  return renderPart({ status: statusOf(survey), space, outlooks }, setting);
}

/** The part of a host, from this program started as its account. */
async function askAccount(host: HostSettings, request: ReportRequest, deps: CommandDeps): Promise<HostPart> {
  const lines: string[] = [];
  const words = ['report', '--part', host.name, '--out', '-', '--days', String(request.days)];
  const end = await deps.runProcess({
    program: 'runuser',
    args: ['-u', host.account, '--', process.execPath, request.program, ...words, '--config', resolve(request.config)],
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    onStdoutLine: (line) => lines.push(line),
    ...(deps.signal ? { signal: deps.signal } : {}),
  });
  const part = end.kind === 'exited' && end.code === 0 ? parsePart(lines.join('\n'), host.name) : undefined;
  if (part) return part;
  const said = 'stderrTail' in end ? end.stderrTail.trim() : end.kind;
  throw new PruneRefusal(`${host.name} cannot be examined as ${host.account}: ${said}`);
}

// In lines of a length that what reads them takes.
function writtenPart(part: HostPart): string {
  return Buffer.from(JSON.stringify(part))
    .toString('base64')
    .replace(/.{1,4000}/g, '$&\n');
}

function parsePart(text: string, host: string): HostPart | undefined {
  try {
    const part = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as HostPart;
    const isPart = typeof part.rows === 'string' && typeof part.sections === 'string' && Array.isArray(part.tones);
    return isPart && part.host === host ? part : undefined;
  } catch {
    return undefined;
  }
}

async function writePage(out: string, page: string): Promise<string> {
  const path = resolve(out);
  try {
    await writeFileAtomic(path, page, 0o644);
  } catch (error) {
    if (!(error instanceof UnfitFileError) && errorCode(error) === undefined) throw error;
    throw new PruneRefusal(`The report cannot be written to ${path}: ${errorMessage(error)}`);
  }
  return path;
}
