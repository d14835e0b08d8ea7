/**
 * `bench scale`: many sessions and watches at one endpoint, many znodes, steady writes, and a server that is killed and
 * comes back with all of it. Sessions stay open through everything: whatever stops the world loses them, or shows as a stall.
 */

import type { Cluster } from '../cluster.ts';
import { type Connection, connect } from '../connection.ts';
import { PATIENT } from '../load.ts';
import { processCost } from '../process-cost.ts';
import { createNodes, type Written, writeSteadily } from '../writes.ts';
import { type Crowd, gather } from './crowd.ts';
import type { ScaleOptions } from './options.ts';

/** Times in milliseconds. */
export interface ScaleFigures {
  readonly target: string;
  readonly openMs: number;
  /** Resident memory of the endpoint for its sessions and watches. */
  readonly crowdBytes: number;
  readonly tellMs: number;
  readonly events: number;
  readonly createMs: number;
  readonly createStallMs: number;
  /** Resident memory of each server for its znodes, each server's. */
  readonly znodeBytes: readonly number[];
  readonly residentBytes: readonly number[];
  /** The longest time for which each server was held, from its start until all znodes were there; null where it does not tell. */
  readonly createHoldMs: readonly (number | null)[];
  readonly steadyMs: number;
  readonly steadyP99Ms: number;
  readonly steadyStallMs: number;
  /** The same until the steady writes were answered. */
  readonly steadyHoldMs: readonly (number | null)[];
  readonly behind: number;
  readonly restartMs: number;
  readonly failures: number;
  readonly closed: number;
}

/** Children of one node: clients read lists of them whole. */
const FOLDER = 1000;
/** Nodes that are watched, and that steady writes go to. */
const KEYS = 1000;
const WRITERS = 4;

const ROOT = '/bench-scale';
const NONE = Buffer.alloc(0);

function* nodesIn(folders: number, total: number): Iterable<string> {
  for (let folder = 0, made = 0; folder < folders; folder++)
    for (let i = 0; i < FOLDER && made < total; i++, made++) yield `${ROOT}/f${folder}/n${i}`;
}

/** A fresh cluster, of which one server is killed and started again; whoever started it stops it. */
export async function measureScale(
  cluster: Cluster,
  options: ScaleOptions,
  progress: (line: string) => void,
): Promise<ScaleFigures> {
  const connections: Connection[] = [];
  const crowds: Crowd[] = [];
  try {
    return await measureAt(cluster, options, progress, connections, crowds);
  } finally {
    await Promise.all(crowds.map((crowd) => crowd.close()));
    for (const connection of connections) connection.drop();
  }
}

/** The folders, and then the nodes in them. */
async function fill(
  connections: readonly Connection[],
  { znodes, znodeBytes }: ScaleOptions,
): Promise<readonly [Written, Written]> {
  const folders = Math.ceil(znodes / FOLDER);
  const paths = Array.from({ length: folders }, (_, i) => `${ROOT}/f${i}`);
  const parents = await createNodes(connections, paths, NONE);
  return [parents, await createNodes(connections, nodesIn(folders, znodes), Buffer.alloc(znodeBytes, 1))];
}

async function measureAt(
  cluster: Cluster,
  options: ScaleOptions,
  progress: (line: string) => void,
  connections: Connection[],
  crowds: Crowd[],
): Promise<ScaleFigures> {
  const { endpoints, name } = cluster;
  const tell = (line: string): void => progress(`${name}: ${line}`);
  const resident = (): number[] =>
    endpoints.map((_, domain) => processCost([cluster.pid(domain)]).residentBytes);
  const holds = (): Promise<(number | null)[]> =>
    Promise.all(endpoints.map((_, domain) => cluster.longestHoldMs(domain)));
  const [crowded] = endpoints;
  const last = endpoints.length - 1;
  if (crowded === undefined) throw new RangeError('a cluster needs an endpoint');
  for (let i = 0; i < WRITERS; i++) {
    // Not at the endpoint that is killed later.
    const endpoint = endpoints[i % last];
    if (endpoint !== undefined) connections.push(await connect(endpoint, PATIENT));
  }
  const keys = Array.from({ length: KEYS }, (_, i) => `${ROOT}/k${i}`);
  const setup = [
    await createNodes(connections.slice(0, 1), [ROOT], NONE),
    await createNodes(connections.slice(0, 1), keys, NONE),
  ];

  const [alone = 0] = resident();
  tell(`opening ${options.sessions} sessions with ${options.watches} watches at one endpoint`);
  const crowd = await gather(crowded, options.sessions, options.watches, keys);
  crowds.push(crowd);
  const [withCrowd = 0] = resident();
  tell(`changing what is watched`);
  const told = await crowd.tell(60_000);

  const before = resident();
  tell(`creating ${options.znodes} nodes of ${options.znodeBytes} B`);
  const [parents, created] = await fill(connections, options);
  const after = resident();
  const createHoldMs = await holds();

  tell(`writing ${options.bytesPerSecond} B a second for ${options.seconds} s`);
  const perSecond = options.bytesPerSecond / options.writeBytes;
  const steady = await writeSteadily(connections, keys, {
    perSecond,
    bytes: options.writeBytes,
    seconds: options.seconds,
  });
  const steadyHoldMs = await holds();

  tell('killing a server, and waiting until it serves again');
  await cluster.kill9(last);
  const killedAt = performance.now();
  await cluster.restart(last);
  const restartMs = performance.now() - killedAt;
  return {
    target: name,
    openMs: crowd.openMs,
    crowdBytes: withCrowd - alone,
    tellMs: told.ms,
    events: told.events,
    createMs: created.ms,
    createStallMs: created.latencies.longestStallMs,
    znodeBytes: after.map((bytes, i) => (bytes - (before[i] ?? 0)) / options.znodes),
    residentBytes: after,
    createHoldMs,
    steadyMs: steady.ms,
    steadyP99Ms: steady.latencies.percentile(0.99),
    steadyStallMs: steady.latencies.longestStallMs,
    steadyHoldMs,
    behind: steady.behind,
    restartMs,
    failures: [...setup, parents, created, steady].reduce((sum, { failures }) => sum + failures, 0),
    closed: crowd.closed,
  };
}
