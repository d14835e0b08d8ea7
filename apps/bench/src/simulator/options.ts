/** The command line of the simulator's benchmark. */

import { parseArgs } from 'node:util';
import { positive } from '../options.ts';

export interface SimulatorOptions {
  readonly peers: number;
  /** Of simulated time. */
  readonly seconds: number;
  readonly seed: number;
  readonly json: boolean;
}

export const SIMULATOR_USAGE = `bench simulator: what a simulated message costs

  node apps/bench/dist/main.js simulator

  --peers N      that talk to random others: 12 messages in 6 frames each second (default 10000)
  --seconds N    of simulated time (default 20)
  --seed N       (default 1)
  --json         figures as JSON on standard output

Where the time goes: node --cpu-prof apps/bench/dist/main.js simulator. The status is 1 if a message was lost, or if one
cost more than 4 us of CPU or all together more than 1.5 GB of memory.
`;

/** Parses the arguments, or returns what is wrong with them. */
export function parseSimulatorOptions(args: readonly string[]): SimulatorOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        peers: { type: 'string', default: '10000' },
        seconds: { type: 'string', default: '20' },
        seed: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
      },
    });
    const peers = positive(values.peers);
    if (peers < 2) return 'nobody talks alone: at least 2 peers';
    return { peers, seconds: positive(values.seconds), seed: positive(values.seed), json: values.json };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
