/** The command line of the scale benchmark. */

import { parseArgs } from 'node:util';
import { positive } from '../options.ts';

export interface ScaleOptions {
  readonly targets: readonly ('concordat' | 'apache')[];
  readonly sessions: number;
  /** Of all sessions together, at one endpoint. */
  readonly watches: number;
  readonly znodes: number;
  readonly znodeBytes: number;
  /** Of the steady writes. */
  readonly bytesPerSecond: number;
  readonly writeBytes: number;
  readonly seconds: number;
  readonly json: boolean;
  readonly dataParent: string | null;
}

export const SCALE_USAGE = `bench scale: how much one service holds, and how it comes back

  node apps/bench/dist/main.js scale                four domains started here
  node apps/bench/dist/main.js scale --compare      the same, then three Apache servers (Debian package)

  --sessions N    open at one endpoint (default 10000)
  --watches N     of all of them together, each told of one change (default 100000)
  --znodes N      created while the sessions stay (default 1000000), of --znode-bytes N (default 100)
  --rate N        bytes a second of steady writes (default 10000000), of --write-bytes N each (default 1000)
  --seconds N     of steady writes (default 30)
  --data DIR      where servers keep their data; decides which disk is measured
  --json          figures as JSON on standard output

One server is killed and started again with all of it. The status is 1 if the connection of a session was closed, a watch was not told,
a request failed, or writes fell behind.
`;

/** Parses the arguments, or returns what is wrong with them. */
export function parseScaleOptions(args: readonly string[]): ScaleOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        compare: { type: 'boolean', default: false },
        apache: { type: 'boolean', default: false },
        sessions: { type: 'string', default: '10000' },
        watches: { type: 'string', default: '100000' },
        znodes: { type: 'string', default: '1000000' },
        'znode-bytes': { type: 'string', default: '100' },
        rate: { type: 'string', default: '10000000' },
        'write-bytes': { type: 'string', default: '1000' },
        seconds: { type: 'string', default: '30' },
        data: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    return {
      targets: values.apache ? ['apache'] : values.compare ? ['concordat', 'apache'] : ['concordat'],
      sessions: positive(values.sessions),
      watches: positive(values.watches),
      znodes: positive(values.znodes),
      znodeBytes: positive(values['znode-bytes']),
      bytesPerSecond: positive(values.rate),
      writeBytes: positive(values['write-bytes']),
      seconds: positive(values.seconds),
      json: values.json,
      dataParent: values.data ?? null,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
