/** The command line of the keeper benchmark. */

import { parseArgs } from 'node:util';
import type { Endpoint } from './connection.ts';
import type { Load } from './load.ts';
import { OPERATIONS, type Operation } from './operations.ts';

export interface Options {
  readonly mode: 'endpoints' | 'apache' | 'ours' | 'compare';
  readonly endpoints: readonly Endpoint[];
  readonly loads: readonly Load[];
  readonly rounds: number;
  /** Of each operation, before anything is measured. */
  readonly warmUpSeconds: number;
  readonly json: boolean;
  readonly dataParent: string | null;
  /** Where servers' profiles go; null for none. */
  readonly profileDir: string | null;
  /** Faults of one domain that ours is measured under beside a faultless one: `down`, or the name of an attack. */
  readonly faults: readonly string[];
}

export const USAGE = `bench keeper: a pipelined load against ZooKeeper-compatible servers

  node apps/bench/dist/main.js --compare            ours and Apache ZooKeeper side by side, with ratios
  node apps/bench/dist/main.js --ours               start four domains here and measure them
  node apps/bench/dist/main.js --apache             start three Apache servers (Debian package) and measure them
  node apps/bench/dist/main.js --endpoints 127.0.0.1:2181,127.0.0.1:2182

  --seconds N     of each phase (default 5)      --rounds N       of all phases (default 3)
  --warm-up N     seconds of each operation before anything is measured (default 10): a JVM and Node compile first
  --ops LIST      of ${OPERATIONS.join(',')} (default create,set,get)
  --bytes LIST    payload sizes (default 100,1000)
  --loads LIST    connections x outstanding (default 6x50,1x1)
  --faults LIST   with --ours: also with one domain down, or attacking (concordat attack --help names how), and ratios
  --profile DIR   with ours: where each microsecond of its servers goes, by stage, in the last round; .cpuprofile files of all in DIR
  --data DIR      where servers started here keep their data; decides which disk is measured
  --json          the report as JSON on standard output
`;

/** Parses the arguments, or returns what is wrong with them. */
export function parseOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        endpoints: { type: 'string' },
        apache: { type: 'boolean', default: false },
        ours: { type: 'boolean', default: false },
        compare: { type: 'boolean', default: false },
        seconds: { type: 'string', default: '5' },
        rounds: { type: 'string', default: '3' },
        'warm-up': { type: 'string', default: '10' },
        ops: { type: 'string', default: 'create,set,get' },
        bytes: { type: 'string', default: '100,1000' },
        loads: { type: 'string', default: '6x50,1x1' },
        faults: { type: 'string', default: '' },
        profile: { type: 'string' },
        data: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const modes = (['apache', 'ours', 'compare'] as const).filter((mode) => values[mode]);
    if (modes.length + (values.endpoints === undefined ? 0 : 1) !== 1) return 'name one of the four targets';
    const faults = values.faults.split(',').filter(Boolean);
    if (faults.length > 0 && !values.ours) return 'faults are for --ours';
    const profileDir = values.profile ?? null;
    if (profileDir !== null && !values.ours && !values.compare) return 'profiles are of --ours or --compare';
    return {
      faults,
      profileDir,
      mode: modes[0] ?? 'endpoints',
      endpoints: (values.endpoints ?? '').split(',').filter(Boolean).map(parseEndpoint),
      loads: parseLoads(values),
      rounds: positive(values.rounds),
      warmUpSeconds: duration(values['warm-up']),
      json: values.json,
      dataParent: values.data ?? null,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface LoadTexts {
  readonly loads: string;
  readonly ops: string;
  readonly bytes: string;
  readonly seconds: string;
}

function parseLoads(texts: LoadTexts): Load[] {
  const seconds = duration(texts.seconds);
  return texts.loads.split(',').flatMap((shape) => {
    const [connections, depth] = shape.split('x').map(positive);
    if (connections === undefined || depth === undefined) throw new RangeError(`not a load: ${shape}`);
    return texts.bytes.split(',').flatMap((size) =>
      texts.ops.split(',').map((operation) => {
        if (!isOperation(operation)) throw new RangeError(`not an operation: ${operation}`);
        return { connections, depth, operation, payloadBytes: positive(size), seconds };
      }),
    );
  });
}

function duration(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0)) throw new RangeError(`not a duration: ${text}`);
  return seconds;
}

const isOperation = (text: string): text is Operation => OPERATIONS.some((name) => name === text);

/** Throws a `RangeError` for anything but a whole number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0) throw new RangeError(`not a positive number: ${text}`);
  return value;
}

function parseEndpoint(text: string): Endpoint {
  const colon = text.lastIndexOf(':');
  if (colon <= 0) throw new RangeError(`not host:port: ${text}`);
  return { host: text.slice(0, colon), port: positive(text.slice(colon + 1)) };
}
