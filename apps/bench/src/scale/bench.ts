/** `bench scale` from its command line to its table and its status. */

import { ClusterError } from '../cluster.ts';
import { ConnectError } from '../connection.ts';
import { parseScaleOptions, SCALE_USAGE } from './options.ts';
import { formatScale, scaleVerdicts } from './report.ts';
import { measureScale, type ScaleFigures } from './scale.ts';

/** Runs the benchmark with the arguments of its command line; returns the exit status. */
export async function runScaleBench(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(SCALE_USAGE);
    return 0;
  }
  const options = parseScaleOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${SCALE_USAGE}`);
    return 2;
  }
  const all: ScaleFigures[] = [];
  try {
    for (const target of options.targets)
      all.push(await measureScale(target, options, (line) => console.error(line)));
  } catch (error) {
    if (!(error instanceof ClusterError) && !(error instanceof ConnectError)) throw error;
    console.error(error.message);
    return 1;
  }
  console.log(options.json ? JSON.stringify(all, null, 2) : formatScale(options, all));
  const verdicts = all.flatMap((figures) => scaleVerdicts(options, figures));
  for (const verdict of verdicts) console.log(`FAIL ${verdict}`);
  return verdicts.length === 0 ? 0 : 1;
}
