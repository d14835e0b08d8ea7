/** The command line of the benchmark of erasure codes. */

import { parseArgs } from 'node:util';
import { MAX_SHARDS } from '@concordat/crypto';
import { positive } from '../options.ts';

/** A code, and the length of its shards. */
export interface Shape {
  readonly dataShards: number;
  readonly totalShards: number;
  readonly shardBytes: number;
}

export interface ErasureOptions {
  readonly shapes: readonly Shape[];
  /** Of each phase in a round, in CPU time. */
  readonly seconds: number;
  readonly rounds: number;
  readonly json: boolean;
}

export const ERASURE_USAGE = `bench erasure: how much data erasure codes encode and rebuild in a second of CPU time, beside a copy of it

  npm run bench -- erasure

  --shapes LIST   k/nxBYTES: shards of data, of data and parity, bytes of one (default 45/50x1200,4/6x1048576,10/16x65536:
                  a round of a stream, and blocks of a backup)
  --seconds N     of each phase in a round (default 0.5)
  --rounds N      of all phases, which take turns; medians are shown (default 3)
  --json          figures as JSON on standard output

Lost are as many shards as there may be, of data first. The status is 1 if anything was rebuilt wrong.
`;

/** Parses the arguments, or returns what is wrong with them. */
export function parseErasureOptions(args: readonly string[]): ErasureOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        shapes: { type: 'string', default: '45/50x1200,4/6x1048576,10/16x65536' },
        seconds: { type: 'string', default: '0.5' },
        rounds: { type: 'string', default: '3' },
        json: { type: 'boolean', default: false },
      },
    });
    const seconds = Number(values.seconds);
    if (!(seconds > 0)) return `not a duration: ${values.seconds}`;
    return {
      shapes: values.shapes.split(',').map(shapeOf),
      seconds,
      rounds: positive(values.rounds),
      json: values.json,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function shapeOf(text: string): Shape {
  const [, data = '', total = '', bytes = ''] = /^(\d+)\/(\d+)x(\d+)$/.exec(text) ?? [];
  if (bytes === '') throw new RangeError(`not a code and length: ${text}`);
  const [dataShards, totalShards, shardBytes] = [positive(data), positive(total), positive(bytes)];
  if (totalShards <= dataShards || totalShards > MAX_SHARDS) throw new RangeError(`not a code: ${text}`);
  return { dataShards, totalShards, shardBytes };
}
