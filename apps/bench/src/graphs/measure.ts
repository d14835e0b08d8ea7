/**
 * The benchmark itself: a graph is generated, saved as an edge list, loaded by everybody, and ranked by everybody in turn. CPU time counts,
 * as the machine may be shared; and the same scores must come out, since a faster answer to another question is none.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  createPushScratch,
  edgeCountOf,
  type Graph,
  pageRank,
  preferentialAttachment,
  pushPageRank,
  scoresOfAll,
} from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { saveGraph } from '@concordat/runtime/graphs';
import { spreadTrust, walkLength } from '@concordat/sybil';
import type { GraphOptions, PeerLibrary } from './options.ts';
import { type Peer, startPeer } from './peer.ts';

export interface LoadFigures {
  readonly who: string;
  readonly ms: number;
  readonly peakBytes: number;
}

export interface RankFigures {
  readonly task: string;
  readonly who: string;
  /** CPU time in the median round. */
  readonly ms: number;
  /** Sum of differences of the scores from ours, which sum to 1; null: it is ours. */
  readonly difference: number | null;
}

export interface GraphFigures {
  readonly nodeCount: number;
  readonly edgeCount: number;
  readonly fileBytes: number;
  readonly loads: readonly LoadFigures[];
  readonly ranks: readonly RankFigures[];
  /** Peers that are not here, and why. */
  readonly absent: readonly string[];
}

export const OURS = 'concordat';
/** Libraries that keep an object for each edge: ten million take them 10 GB, or minutes. */
const OBJECT_LIBRARIES: readonly PeerLibrary[] = ['networkx', 'graphology'];
const OBJECT_EDGES = 2_000_000;
const DAMPING = 0.85;
const TOLERANCE = 1e-10;

interface Task {
  readonly name: string;
  /** As the peers know it. */
  readonly algorithm: 'pagerank' | 'sybilrank';
  readonly arguments_: Record<string, unknown>;
  readonly run: (graph: Graph) => Float64Array;
}

function tasksOf(graph: Graph, seeds: readonly number[]): Task[] {
  const reset = new Float64Array(graph.nodeCount);
  for (const seed of seeds) reset[seed] = 1;
  const rank = { damping: DAMPING, tolerance: TOLERANCE, maxRounds: 1000 };
  const steps = walkLength(graph.nodeCount);
  const peers = { damping: DAMPING, tolerance: TOLERANCE };
  const pagerank = { algorithm: 'pagerank' } as const;
  return [
    {
      ...{ ...pagerank, name: 'personalised PageRank', arguments_: { ...peers, seeds } },
      run: () => pageRank(graph, { ...rank, reset }).scores,
    },
    {
      ...{ ...pagerank, name: PLAIN, arguments_: { ...peers, seeds: [] } },
      run: () => pageRank(graph, { ...rank, reset: null }).scores,
    },
    {
      ...{ name: 'SybilRank', algorithm: 'sybilrank', arguments_: { seeds, steps } },
      run: () => spreadTrust(graph, seeds, steps),
    },
  ];
}

const PLAIN = 'PageRank';
export const PUSH = 'personalised PageRank by pushes';

/** Pushes answer the same question up to a tolerance. The first call makes the scratch that later ones use again. */
function pushTask(graph: Graph, seeds: readonly number[]): () => Float64Array {
  const scratch = createPushScratch(graph);
  const options = { teleport: 1 - DAMPING, tolerance: 1e-7, isLazy: false };
  return () => {
    const { nodes, estimates } = pushPageRank(scratch, { nodes: seeds, weights: null }, options);
    return scoresOfAll(graph.nodeCount, nodes, estimates);
  };
}

function timed(run: () => Float64Array): [number, Float64Array] {
  const began = process.cpuUsage();
  const scores = run();
  const { user, system } = process.cpuUsage(began);
  return [(user + system) / 1000, scores];
}

/** Sum of the differences, over the sum of `ours`. */
export function differenceOf(ours: Float64Array, theirs: Float64Array): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  let [sum, total] = [0, 0];
  for (let at = 0; at < ours.length; at += 1) {
    sum += Math.abs((ours[at] as number) - (theirs[at] as number));
    total += Math.abs(ours[at] as number);
  }
  return sum / total;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function loadOurs(file: string, graph: Graph): Promise<LoadFigures> {
  const script = fileURLToPath(new URL('./load-process.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, file]);
  const { ms, peakBytes, nodeCount, edgeCount } = JSON.parse(stdout);
  if (nodeCount !== graph.nodeCount || edgeCount !== edgeCountOf(graph))
    throw new Error(`what was loaded is another graph: ${nodeCount} nodes, ${edgeCount} edges`);
  return { who: OURS, ms, peakBytes };
}

/** Which library can do a task: SybilRank is a few products of a sparse matrix, and graphology's walks begin again anywhere. */
const canDo = ({ library }: Peer, { algorithm, name }: Task): boolean =>
  algorithm === 'sybilrank' ? library === 'scipy' : library !== 'graphology' || name === PLAIN;

async function rankInTurns(
  graph: Graph,
  peers: readonly Peer[],
  rounds: number,
  folder: string,
): Promise<RankFigures[]> {
  const seeds = Array.from({ length: 10 }, (_, at) => Math.floor(((at + 0.5) / 10) * graph.nodeCount));
  const figures: RankFigures[] = [];
  const [personalised, ...others] = tasksOf(graph, seeds);
  let exact = new Float64Array(0);
  for (const task of [personalised, ...others].filter((each) => each !== undefined)) {
    const times = new Map<string, number[]>(
      [OURS, ...peers.map(({ version }) => version)].map((who) => [who, []]),
    );
    const differences = new Map<string, number>();
    for (let round = 0; round < rounds; round += 1) {
      const [ms, scores] = timed(() => task.run(graph));
      times.get(OURS)?.push(ms);
      if (task === personalised) exact = scores.slice();
      for (const peer of peers.filter((each) => canDo(each, task))) {
        const theirs = await peer.rank(task.algorithm, task.arguments_, join(folder, 'scores'));
        times.get(peer.version)?.push(theirs.ms);
        differences.set(peer.version, differenceOf(scores, theirs.scores));
      }
    }
    for (const [who, all] of times)
      if (all.length > 0)
        figures.push({ task: task.name, who, ms: median(all), difference: differences.get(who) ?? null });
  }
  const push = pushTask(graph, seeds);
  const runs = Array.from({ length: rounds }, () => timed(push));
  const difference = differenceOf(exact, runs[0]?.[1] ?? exact);
  figures.push({ task: PUSH, who: OURS, ms: median(runs.map(([ms]) => ms)), difference });
  return figures;
}

async function measureOne(
  options: GraphOptions,
  edges: number,
  tell: (line: string) => void,
): Promise<GraphFigures> {
  const { degree, seed, python } = options;
  const nodeCount = Math.round(edges / degree + (degree + 1) / 2);
  const graph = preferentialAttachment({ nodeCount, edgesPerNode: degree }, createPrng(seed));
  const folder = await mkdtemp(join(tmpdir(), 'concordat-graphs-'));
  const peers: Peer[] = [];
  const absent: string[] = [];
  try {
    const file = join(folder, 'edges.txt');
    await saveGraph(file, graph);
    tell(`${edgeCountOf(graph)} edges: generated and saved`);
    const loads = [await loadOurs(file, graph)];
    for (const library of options.peers) {
      if (OBJECT_LIBRARIES.includes(library) && edges > OBJECT_EDGES) {
        absent.push(`${library} is left out above ${OBJECT_EDGES} edges`);
        continue;
      }
      const peer = await startPeer(python, library, file);
      if (typeof peer === 'string') absent.push(peer);
      else {
        peers.push(peer);
        loads.push({ who: peer.version, ms: peer.loadMs, peakBytes: peer.peakBytes });
      }
    }
    tell(`${edgeCountOf(graph)} edges: loaded by ${loads.map(({ who }) => who).join(', ')}`);
    const ranks = await rankInTurns(graph, peers, options.rounds, folder);
    const fileBytes = (await stat(file)).size;
    return { nodeCount, edgeCount: edgeCountOf(graph), fileBytes, loads, ranks, absent };
  } finally {
    for (const peer of peers) peer.close();
    await rm(folder, { recursive: true, force: true });
  }
}

export async function measureGraphs(
  options: GraphOptions,
  tell: (line: string) => void,
): Promise<GraphFigures[]> {
  const all: GraphFigures[] = [];
  for (const edges of options.edges) all.push(await measureOne(options, edges, tell));
  return all;
}
