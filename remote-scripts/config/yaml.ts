import type { AlertSettings } from '../../src/notify/settings.ts';

/** What `secondary.yaml` holds once the schema accepted it, as it is written there; {@link toSettings} converts it. */
export interface SecondaryYaml {
  readonly version: 1;
  readonly root: string;
  readonly state_dir: string;
  readonly timezone: string;
  readonly secrets_file?: string;
  readonly hosts: Readonly<Record<string, HostYaml>>;
  readonly alerts: AlertSettings;
}

export interface HostYaml {
  readonly account: string;
  readonly secondary: 'gate' | 'rrsync';
  readonly metadata: 'fake_super' | 'plain';
  readonly gate: GateYaml;
  readonly retention?: RetentionYaml;
  readonly hold: HoldYaml;
  readonly incomplete: { readonly lifetime: string };
  readonly jobs: Readonly<Record<string, JobYaml>>;
}

export interface JobYaml {
  readonly retention?: RetentionYaml;
  readonly hold?: HoldYaml;
  readonly expect?: { readonly schedule: string; readonly timezone?: string; readonly grace: string };
}

export interface GateYaml {
  readonly clock_skew: string;
  readonly min_interval: string;
  readonly attempts_per_day: number;
  readonly min_free_space: string;
  readonly min_free_inodes: number;
  readonly session_limit: string;
  readonly max_session_bytes?: string;
  readonly timeout: string;
  readonly delta: boolean;
  readonly fuzzy: boolean;
}

export interface RetentionYaml {
  readonly last?: number;
  readonly within?: string;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
  readonly min_age?: string;
}

export interface HoldYaml {
  readonly shrink?: string;
  readonly max_removals?: number;
  readonly max_extra?: number;
}
