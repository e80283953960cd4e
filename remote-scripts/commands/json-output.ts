import type { DrillOutputs } from '../drill/report.ts';
import type { PruneOutputs } from '../prune/outputs.ts';
import type { ScrubOutputs } from '../scrub/outputs.ts';

/**
 * What the programs of the secondary print with `--json`. docs/json.md is made from this, too; what src/commands/json-output.ts says of
 * times, sizes and later versions holds here as well.
 */
export interface SecondaryOutputs extends PruneOutputs, ScrubOutputs, DrillOutputs {}
