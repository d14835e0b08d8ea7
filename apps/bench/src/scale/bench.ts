/** `bench scale` from its command line to its table and its status. */

import { startApache } from '../apache-cluster.ts';
import { type Cluster, ClusterError } from '../cluster.ts';
import { startConcordat } from '../concordat-cluster.ts';
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
  const clusters: Cluster[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(clusters.splice(0).map((cluster) => cluster.stop()));
  };
  const stopAndLeave = (): void => void stop().finally(() => process.exit(130));
  process.once('SIGINT', stopAndLeave).once('SIGTERM', stopAndLeave);
  const place = options.dataParent === null ? {} : { parentDir: options.dataParent };
  try {
    for (const target of options.targets) {
      const cluster = await (target === 'apache' ? startApache(place) : startConcordat(place));
      clusters.push(cluster);
      all.push(await measureScale(cluster, options, (line) => console.error(line)));
      await stop();
    }
  } catch (error) {
    if (!(error instanceof ClusterError) && !(error instanceof ConnectError)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    await stop();
  }
  console.log(options.json ? JSON.stringify(all, null, 2) : formatScale(options, all));
  const verdicts = all.flatMap((figures) => scaleVerdicts(options, figures));
  for (const verdict of verdicts) console.log(`FAIL ${verdict}`);
  return verdicts.length === 0 ? 0 : 1;
}
