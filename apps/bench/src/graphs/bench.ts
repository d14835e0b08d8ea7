/** `bench graphs` from its command line to its table and its status. */

import { measureGraphs } from './measure.ts';
import { GRAPHS_USAGE, parseGraphOptions } from './options.ts';
import { formatGraphs, graphVerdicts } from './report.ts';

/** Runs the benchmark with the arguments of its command line; returns the exit status. */
export async function runGraphsBench(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(GRAPHS_USAGE);
    return 0;
  }
  const options = parseGraphOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${GRAPHS_USAGE}`);
    return 2;
  }
  const all = await measureGraphs(options, (line) => console.error(line));
  console.log(options.json ? JSON.stringify(all, null, 2) : formatGraphs(all));
  const verdicts = graphVerdicts(all);
  for (const verdict of verdicts) console.log(`FAIL ${verdict}`);
  return verdicts.length === 0 ? 0 : 1;
}
