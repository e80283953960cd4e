import { pathBelow } from './left-out.ts';
import type { Settings } from './settings.ts';
import { silences } from './silence.ts';

/** What a valid configuration says and can hardly mean. Each is a sentence for people, with what to do about it. */
export function warningsOf(settings: Settings): string[] {
  return [...silences(settings), ...vainExcludes(settings)];
}

/** Patterns that begin with the path of the source. What they were meant to leave out is sent: they begin at the top of the source. */
function vainExcludes({ jobs }: Settings): string[] {
  return [...jobs.values()].flatMap(({ name, source, exclude }) =>
    exclude.flatMap((pattern) => {
      const inside = pattern.startsWith('/') && source !== '/' ? pathBelow(source, pattern) : undefined;
      return inside === undefined || inside === ''
        ? []
        : `jobs.${name}.exclude: ${JSON.stringify(pattern)} leaves nothing out, since a leading slash means the top of the source. Write ${JSON.stringify(`/${inside}${pattern.endsWith('/') ? '/' : ''}`)}.`;
    }),
  );
}
