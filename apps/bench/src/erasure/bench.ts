/** `bench erasure` from its command line to its table and its status. */

import { measureErasure } from './measure.ts';
import { ERASURE_USAGE, parseErasureOptions } from './options.ts';
import { erasureVerdicts, formatErasure } from './report.ts';

/** Runs the benchmark with the arguments of its command line; returns the exit status. */
export function runErasureBench(args: readonly string[]): number {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(ERASURE_USAGE);
    return 0;
  }
  const options = parseErasureOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${ERASURE_USAGE}`);
    return 2;
  }
  const all = measureErasure(options, (line) => console.error(line));
  console.log(options.json ? JSON.stringify(all, null, 2) : formatErasure(all));
  const verdicts = erasureVerdicts(all);
  for (const verdict of verdicts) console.log(`FAIL ${verdict}`);
  return verdicts.length === 0 ? 0 : 1;
}
