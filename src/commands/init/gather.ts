import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseConfig } from '../../config/load.ts';
import type { TargetSettings } from '../../config/settings.ts';
import { exists, isMissing, whyUnread } from '../../platform/files.ts';
import { readSecretsFile } from '../../platform/secrets.ts';
import { isName } from '../../shared/names.ts';
import type { SecretReference } from '../../shared/secret-reference.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../selection.ts';
import { answerTo, type Ask, type Question } from './ask.ts';
import type { Additions } from './configuration.ts';
import { CHECK_ADDRESS, fetchHostKeys, type HostKey } from './host-key.ts';
import { QUESTIONS } from './questions.ts';

/** Answers that can be given as flags. */
export interface InitFlags {
  readonly target?: string;
  readonly secondary?: string;
  readonly host?: string;
  readonly port?: string;
  readonly user?: string;
  readonly proxyJump?: string;
  readonly job?: string;
  readonly source?: string;
  readonly backupUnit?: string;
  readonly due?: string;
  readonly ntfyUrl?: string;
  readonly stateDir?: string;
}

/** What is to be written. What is undefined is there already, or is not a file of ours. */
export interface Plan {
  readonly config: string;
  /** Its text so far. */
  readonly text: string | undefined;
  readonly additions: Additions;
  /** Name of the target. */
  readonly target: string;
  readonly secretsFile: string;
  /** Lines that the secrets file does not have yet. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Path of the private key. */
  readonly identity: string | undefined;
  readonly knownHosts: string | undefined;
  /** What the secondary shows, or that it has to be asked through the host on the way; undefined when its key is known already. */
  readonly hostKeys: readonly HostKey[] | 'behind-jump' | undefined;
  readonly secondary: TargetSettings['secondary'];
  readonly user: string;
  readonly job: string;
  readonly backupUnit: string | undefined;
  /** Whether there is an alert channel. */
  readonly tells: boolean;
  /** The name of this host on the secondary. */
  readonly hostName: string;
}

/** Finds out everything: from what is there, from flags and environment, and by questions. Writes nothing. */
export async function gather(config: string, flags: InitFlags, context: Context, ask: Ask): Promise<Plan> {
  const text = await present(config);
  const settings = text === undefined ? undefined : parseConfig(config, text);
  const to = (question: Question, given: string | undefined) => answerTo(question, given, ask);
  const name = await to(QUESTIONS.target(only(settings?.targets) ?? 'vault'), flags.target);
  const target = settings?.targets.get(name);
  const directory = dirname(config);
  const secretsFile = settings?.secretsFile ?? join(directory, 'secrets.env');
  const stored = (await exists(secretsFile).catch(() => true))
    ? readSecretsFile(secretsFile)
    : new Map<string, string>();
  const secrets = new Map<string, string>();
  const fresh = newReferences(name, directory);
  const references = target ?? fresh;

  /** The value behind a reference: what is there, or an answer, which is then to be stored. Undefined: it is kept elsewhere. */
  const value = async (reference: SecretReference | undefined, question: Question, given: string | undefined) => {
    if (reference === undefined || !('env' in reference)) return undefined;
    const known = stored.get(reference.env);
    if (known !== undefined && known !== '') {
      if (given !== undefined && given !== known) {
        context.log('warning', `${question.flag} is not used: ${secretsFile} has ${reference.env} already.`);
      }
      return known;
    }
    const answer = await to(question, given ?? context.environment[reference.env]);
    if (answer !== '' && answer !== question.implied) secrets.set(reference.env, answer);
    return answer;
  };

  const secondary = target?.secondary ?? ((await to(QUESTIONS.secondary(), flags.secondary)) as Plan['secondary']);
  const learnHost = (host: string | undefined) => {
    if (host && host !== name) context.redactor.learn([{ name: `${name}.host`, value: host }]);
    return host;
  };
  let host = learnHost(await value(references.host, QUESTIONS.host(), flags.host));
  let port = await value(references.port, QUESTIONS.port(), flags.port);
  const hostName = ownName(context.host);
  const user = await value(references.user, QUESTIONS.user(`offsite-${hostName}`), flags.user);
  // Few have a host on the way, so nobody is asked.
  const jump = flags.proxyJump ?? (context.environment[fresh.proxy_jump.env] || undefined);
  const way = target ? target.proxyJump : jump === undefined ? undefined : fresh.proxy_jump;
  if (jump !== undefined && way) await value(way, QUESTIONS.proxyJump(), jump);
  if (flags.proxyJump !== undefined && way === undefined) {
    context.log(
      'warning',
      `--proxy-jump is not used: the target ${name} is there already. Give it the key proxy_jump.`,
    );
  }

  const knownHosts = pathOf(target?.knownHosts ?? fresh.known_hosts);
  const needsHostKey = knownHosts !== undefined && host !== undefined && !(await exists(knownHosts).catch(() => true));
  const again = async (reference: SecretReference | undefined, question: Question) => {
    const answer = await ask.answer(question);
    if (reference && 'env' in reference) {
      if (answer === question.implied) secrets.delete(reference.env);
      else secrets.set(reference.env, answer);
    }
    return answer;
  };
  const fetched = async () => {
    if (!needsHostKey || way) return undefined;
    return fetchHostKeys(host ?? '', Number(port ?? '22'), context.runProcess, context.signal);
  };
  let hostKeys = await fetched();
  // Here, so that a slip costs no other answer.
  while (hostKeys?.length === 0 && ask.somebody && [...secrets.values()].includes(host ?? '')) {
    context.log('error', `No ssh server answered at that address and port. ${CHECK_ADDRESS} Then:`);
    host = learnHost(await again(references.host, QUESTIONS.host()));
    port = await again(references.port, QUESTIONS.port());
    hostKeys = await fetched();
  }

  const usualJob = only(settings?.jobs);
  const knownJob = settings?.jobs.get(flags.job ?? usualJob ?? '');
  const source = knownJob?.source ?? (await to(QUESTIONS.source(), flags.source));
  const job = knownJob?.name ?? (await to(QUESTIONS.job(source), flags.job));
  const due = knownJob === undefined ? await to(QUESTIONS.due(), flags.due) : '';
  const backupUnit = await to(QUESTIONS.backupUnit(), flags.backupUnit);
  const told = Object.keys(settings?.alerts.channels ?? {}).length > 0;
  const topic = told ? undefined : await value(TOPIC, QUESTIONS.ntfyUrl(), flags.ntfyUrl);

  const identity = pathOf(references.identity);
  return {
    ...{ config, text, target: name, secretsFile, secrets, identity, knownHosts, secondary, job, hostName },
    additions: {
      stateDirectory: text === undefined ? flags.stateDir : undefined,
      secretsFile:
        settings?.secretsFile === undefined && (text === undefined || secrets.size > 0) ? secretsFile : undefined,
      target: target ? undefined : [name, { secondary, ...fresh, proxy_jump: way }],
      job: knownJob
        ? undefined
        : [
            job,
            {
              source,
              ...((settings?.targets.size ?? 0) > 0 && target === undefined ? { targets: [name] } : {}),
              ...(due === '' ? {} : { expect: { schedule: due, timezone: zone(), grace: '3h' } }),
            },
          ],
      channel: topic ? ['phone', { type: 'ntfy', url: TOPIC }] : undefined,
    },
    hostKeys: needsHostKey && way ? 'behind-jump' : hostKeys,
    tells: told || topic !== '',
    user: user ?? `offsite-${hostName}`,
    backupUnit: backupUnit === '' ? undefined : backupUnit,
  };
}

const TOPIC = { env: 'NTFY_URL' } as const;

function newReferences(target: string, directory: string) {
  const variable = target
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .replace(/^(?=\d)/, '_');
  return {
    host: { env: `${variable}_HOST` },
    port: { env: `${variable}_PORT` },
    user: { env: `${variable}_USER` },
    proxy_jump: { env: `${variable}_JUMP` },
    identity: { file: join(directory, `${target}.key`) },
    known_hosts: { file: join(directory, `${target}.known_hosts`) },
  };
}

async function present(config: string): Promise<string | undefined> {
  try {
    return await readFile(config, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new UsageError(`The configuration ${config} ${whyUnread(error)}.`);
  }
}

/** The name of the only entry, if there is only one. */
function only(entries: ReadonlyMap<string, unknown> | undefined): string | undefined {
  return entries?.size === 1 ? [...entries.keys()][0] : undefined;
}

function pathOf(reference: SecretReference): string | undefined {
  return 'file' in reference ? reference.file : undefined;
}

/** A name for this host that can be part of a path and of an account. */
function ownName(host: string): string {
  const short = (host.split('.')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^-+/, '')
    .slice(0, 24);
  return isName(short) ? short : 'primary';
}

function zone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
