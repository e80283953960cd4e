import { formatSumLine, parseSumLine } from '../../../src/manifests/sum-line.ts';
import { must, type Target } from '../target.ts';

/** The lines of a manifest, as one character for each byte. */
export const manifestLines: Target = {
  name: 'manifest-lines',
  check: (text) => {
    const line = Buffer.from(text).toString('latin1').replaceAll('\n', '');
    const sum = parseSumLine(line);
    if (sum === undefined) return false;
    must(formatSumLine(sum) === `${line}\n`, `we would not write ${JSON.stringify(line)}`);
    const steps = sum.name.split('/');
    must(
      !steps.some((step) => ['', '.', '..'].includes(step)),
      `no path below a snapshot: ${JSON.stringify(sum.name)}`,
    );
    must(!sum.name.includes('\0'), 'a name with a NUL');
    return true;
  },
};
