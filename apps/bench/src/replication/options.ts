/** The command line of the null benchmark. */

import { parseArgs } from 'node:util';
import { isPresetName, type PresetName } from '@concordat/replication';
import type { NullLoad } from './null-load.ts';
import { isTarget, type JournalKind, TARGETS, type TargetName } from './servers.ts';

export const USAGE = `bench replication: a null service on four replicas (f = 1), each in a process of its own

  npm run bench -- replication                 all of the below; ends with what must hold, PASS or FAIL
  npm run bench -- replication --journal memory --clients 200 --bytes 0 --profile profiles

  --targets LIST   of bundled   four replicas; the clients are sessions of one gateway, which signs what they ask together
                      each      four replicas; every client has connections and a signature of its own
                      alone     one server without replication, with the same port, framing, service and journal
                   (default all three)
  --clients LIST   numbers of clients (default 1,50,200), one request outstanding each
  --bytes LIST     of request and reply (default 0,1024)
  --journal LIST   of memory,disk (default both)
  --preset NAME    how they agree, and who beside them executes and admits requests (default concordat, to which alone applies
                   what must hold); upright-separated: four filter nodes, four replicas that order, three executors
  --seconds N      of each phase (default 3), which runs twice and is measured the second time
  --rounds N       of all phases; targets alternate, and medians are shown (default 1)
  --profile DIR    where each microsecond of the servers goes, by category; .cpuprofile files of all servers in DIR
  --data DIR       where journals on disk lie
  --json           the figures as JSON on standard output
`;

export interface NullOptions {
  readonly targets: readonly TargetName[];
  readonly journals: readonly JournalKind[];
  /** Of all targets with replicas. */
  readonly preset: PresetName;
  readonly loads: readonly NullLoad[];
  readonly rounds: number;
  readonly profileDir: string | null;
  readonly parentDir: string | undefined;
  readonly json: boolean;
}

/** Parses the arguments, or returns what is wrong with them. */
export function parseNullOptions(args: readonly string[]): NullOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        targets: { type: 'string', default: TARGETS.join() },
        seconds: { type: 'string', default: '3' },
        rounds: { type: 'string', default: '1' },
        clients: { type: 'string', default: '1,50,200' },
        bytes: { type: 'string', default: '0,1024' },
        journal: { type: 'string', default: 'memory,disk' },
        preset: { type: 'string', default: 'concordat' },
        profile: { type: 'string' },
        data: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    return {
      targets: values.targets.split(',').map(targetName),
      journals: values.journal.split(',').map(journalKind),
      preset: presetName(values.preset),
      loads: loadsOf(values),
      rounds: whole(values.rounds, 1),
      profileDir: values.profile ?? null,
      parentDir: values.data,
      json: values.json,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface LoadTexts {
  readonly seconds: string;
  readonly clients: string;
  readonly bytes: string;
}

function loadsOf(texts: LoadTexts): NullLoad[] {
  const seconds = Number(texts.seconds);
  if (!(seconds > 0)) throw new RangeError(`not a duration: ${texts.seconds}`);
  return texts.bytes
    .split(',')
    .flatMap((size) =>
      texts.clients
        .split(',')
        .map((count) => ({ clients: whole(count, 1), payloadBytes: whole(size, 0), seconds })),
    );
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

function presetName(text: string): PresetName {
  if (isPresetName(text)) return text;
  throw new RangeError(`not a preset: ${text}`);
}

function targetName(text: string): TargetName {
  if (isTarget(text)) return text;
  throw new RangeError(`not a target: ${text}`);
}
