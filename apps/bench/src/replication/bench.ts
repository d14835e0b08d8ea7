/** `bench replication`: raw replication of a null service, as the peers measure theirs. */

import { parseArgs } from 'node:util';
import { ClusterError } from '../cluster.ts';
import { formatTable } from '../table.ts';
import { type NullFigures, type NullLoad, runNullLoad } from './null-load.ts';
import { type JournalKind, startReplicas } from './replicas.ts';

export const USAGE = `bench replication: a null service on four replicas (f = 1), each in a process of its own

  npm run bench -- replication                 journals in memory and on disk, 0 and 1024 B, 1, 50 and 200 clients

  --seconds N      of each phase (default 5)
  --clients LIST   numbers of clients (default 1,50,200), one request outstanding each
  --bytes LIST     of request and reply (default 0,1024)
  --journal LIST   of memory,disk (default both)
  --data DIR       where journals on disk lie
  --json           the figures as JSON on standard output
`;

export interface NullOptions {
  readonly journals: readonly JournalKind[];
  readonly loads: readonly NullLoad[];
  readonly parentDir: string | undefined;
  readonly json: boolean;
}

export interface NullRow {
  readonly journal: JournalKind;
  readonly load: NullLoad;
  readonly figures: NullFigures;
}

/** Parses the arguments, or returns what is wrong with them. */
export function parseNullOptions(args: readonly string[]): NullOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '5' },
        clients: { type: 'string', default: '1,50,200' },
        bytes: { type: 'string', default: '0,1024' },
        journal: { type: 'string', default: 'memory,disk' },
        data: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const seconds = Number(values.seconds);
    if (!(seconds > 0)) return `not a duration: ${values.seconds}`;
    const loads = values.bytes
      .split(',')
      .flatMap((size) =>
        values.clients
          .split(',')
          .map((count) => ({ clients: whole(count, 1), payloadBytes: whole(size, 0), seconds })),
      );
    return {
      loads,
      journals: values.journal.split(',').map(journalKind),
      parentDir: values.data,
      json: values.json,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function whole(text: string, least: number): number {
  const value = Number(text);
  if (text === '' || !Number.isInteger(value) || value < least) throw new RangeError(`not a number: ${text}`);
  return value;
}

function journalKind(text: string): JournalKind {
  if (text === 'memory' || text === 'disk') return text;
  throw new RangeError(`not a journal: ${text}`);
}

/** Runs the benchmark with the arguments of its command line; returns the exit status. */
export async function runReplicationBench(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const options = parseNullOptions(args);
  if (typeof options === 'string') {
    console.error(`${options}\n\n${USAGE}`);
    return 2;
  }
  try {
    const rows = await measureNull(options, (line) => console.error(line));
    console.log(options.json ? JSON.stringify(rows, null, 2) : formatNull(rows));
    return 0;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    console.error(error.message);
    return 1;
  }
}

const WARM_UP_SECONDS = 2;

/** Each kind of journal with fresh replicas, warmed up once; then all loads, one after the other. */
export async function measureNull(
  { journals, loads, parentDir }: NullOptions,
  progress: (line: string) => void,
): Promise<NullRow[]> {
  const rows: NullRow[] = [];
  for (const journal of journals) {
    const replicas = await startReplicas(journal, parentDir);
    try {
      const seconds = Math.min(WARM_UP_SECONDS, loads[0]?.seconds ?? 0);
      await runNullLoad(replicas, { clients: 20, payloadBytes: 0, seconds });
      for (const load of loads) {
        const figures = await runNullLoad(replicas, load);
        rows.push({ journal, load, figures });
        progress(`${journal}: ${describe(load)}: ${Math.round(figures.requestsPerSecond)} requests/s`);
      }
    } finally {
      await replicas.stop();
    }
  }
  return rows;
}

const describe = ({ clients, payloadBytes }: NullLoad): string => `${clients} clients, ${payloadBytes} B`;

const HEADINGS = [
  'journal',
  'load',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'server us/request',
  'client CPU',
  'RSS MiB',
  'failed',
];

export function formatNull(rows: readonly NullRow[]): string {
  const lines = rows.map(({ journal, load, figures }) => [
    journal,
    describe(load),
    String(Math.round(figures.requestsPerSecond)),
    figures.p50Ms.toFixed(2),
    figures.p99Ms.toFixed(2),
    figures.serverCpuUsPerRequest.toFixed(0),
    `${Math.round(figures.clientCpuShare * 100)} %`,
    String(Math.round(figures.residentBytes / 1_048_576)),
    String(figures.failures),
  ]);
  return formatTable([HEADINGS, ...lines]);
}
