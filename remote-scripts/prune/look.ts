import type { HostSettings, SecondarySettings } from '../config/settings.ts';
import { hostPlaces } from '../store/places.ts';
import type { TellDeps } from '../telling/tell-people.ts';
import type { Measuring } from './churn.ts';
import { readMemory } from './memory.ts';
import { missingPrune, problemsOfJob } from './problems.ts';
import { surveyHost, type Survey } from './survey.ts';
import { tellNews } from './tell.ts';

/** What a look at a host needs. */
export interface LookDeps extends TellDeps {
  readonly uid: number;
  readonly signal?: AbortSignal;
}

/** Surveys a host and tells people what is new there, as its hourly check does. */
export async function tellOfHost(settings: SecondarySettings, host: HostSettings, deps: LookDeps): Promise<Survey> {
  const survey = await lookAt(settings, host, deps, MEASURED.check);
  await tellNews(
    {
      settings,
      host: host.name,
      state: survey.places.state,
      plans: survey.plans,
      faults: survey.faults,
      space: survey.space,
      problems: [
        ...survey.plans.flatMap((plan) => problemsOfJob(host.name, plan)),
        ...missingPrune(host.name, survey.memory.lastRun, survey.now),
      ],
      isLookedAt: (key) => key !== 'prune-failed' && !key.startsWith('locked:'),
    },
    deps,
  );
  return survey;
}

/** What a command measures: new snapshots of each job, and how much a job takes. The check has less time, and comes every hour. */
export const MEASURED = { run: { most: 100, stored: true }, check: { most: 2, stored: false } };

/** Surveys one host. @param measured what may be measured; default: nothing */
export async function lookAt(
  settings: SecondarySettings,
  host: HostSettings,
  deps: LookDeps,
  measured?: Pick<Measuring, 'most' | 'stored'>,
): Promise<Survey> {
  const warn = (reason: string) => deps.log('warning', reason);
  const memory = await readMemory(hostPlaces(settings, host.name).state, warn);
  const { runProcess, signal } = deps;
  const measuring = measured && { ...measured, warn, runProcess, signal };
  return surveyHost({ settings, host, uid: deps.uid, memory, now: deps.clock.now(), measuring });
}
