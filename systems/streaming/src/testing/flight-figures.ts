/**
 * Prints the figures that the package's README tells of FlightPath: what it stands, and what each mechanism is for. What deviating
 * brings is a matter of the lab (`streaming-epsilon`).
 *
 *   node systems/streaming/dist/testing/flight-figures.js [peers = 500] [rounds = 200] [seed = 1]
 *     [steady | byzantine | crowd | departure | ablation | all | large]
 */

import type { NodeId } from '@concordat/kernel';
import { beginningWith, flightDeviant } from '../deviations/index.ts';
import { FLIGHTPATH_ABLATIONS, type FlightPathPolicy } from '../flightpath/policy.ts';
import {
  delaysToPlay,
  type FlightFigures,
  figuresSince,
  SETTLED_ROUNDS,
  settle,
  takeSnapshot,
  vanish,
  watch,
} from './flight-scenarios.ts';
import { createFlightSwarm, type FlightSwarm, type FlightSwarmOptions } from './flight-swarm.ts';

const [peers = 500, rounds = 200, seed = 1] = process.argv.slice(2, 5).map(Number);
const part = process.argv[5] ?? 'all';
const isWanted = (name: string): boolean => part === 'all' || part === name;

/** 5 % of the peers get each packet from the broadcaster. */
const seeds = Math.ceil(0.05 * peers);

const swarmOf = (changes: Partial<FlightSwarmOptions> = {}): FlightSwarm =>
  createFlightSwarm({
    seed,
    capacity: peers,
    checkInvariants: false,
    ...changes,
    config: { seeds, ...changes.config },
  });

/** Every way to let trades come to nothing. */
const MALICE = ['accepts-only', 'delivers-nothing', 'hoards-keys', 'reserves-only', 'silent', 'stalls'];

const LARGE_STEP = 10;
/** PERF: links that are kept for longer only take memory: partners of a round hardly ever meet again, and nobody crashes here. */
const LARGE_IDLE_MS = 2000;

const percent = (share: number): string => `${(100 * share).toFixed(3)} %`;

function tell(name: string, figures: FlightFigures, cpuUs?: number): void {
  const { jitter, rounds: all, uploadPerNeed, upload, control, maxUpload, duplicates } = figures;
  const cpu = cpuUs === undefined ? '' : `; cpu ${cpuUs.toFixed(0)} us`;
  console.log(
    `${name.padEnd(28)} jitter ${percent(jitter)} of ${all}  packets ${uploadPerNeed.toFixed(4)} x need` +
      `  upload ${upload.toFixed(3)} (control ${control.toFixed(3)}), peak round ${maxUpload.toFixed(3)} x stream` +
      `  duplicates ${duplicates}${cpu}`,
  );
}

function steady(name: string, changes: Partial<FlightSwarmOptions> = {}): void {
  const swarm = swarmOf(changes);
  const nodes = swarm.add(peers);
  settle(swarm);
  const before = process.cpuUsage();
  const figures = watch(swarm, nodes, rounds);
  const { user, system } = process.cpuUsage(before);
  tell(name, figures, (user + system) / (peers * rounds));
}

/** A tenth turn at once, by every way to let trades come to nothing: what the others lose from that round on. */
function byzantine(): void {
  const isBad = (node: NodeId): boolean => node % 10 === 0;
  for (const name of MALICE) {
    const deviant = flightDeviant(name);
    if (deviant === undefined) continue;
    const later = beginningWith(SETTLED_ROUNDS, deviant);
    const swarm = swarmOf({
      conductOf: (node) => (isBad(node) ? later : undefined),
      strategyOf: (node) => (isBad(node) ? later.strategy : undefined),
    });
    const nodes = swarm.add(peers);
    settle(swarm);
    const others = nodes.filter((node) => !isBad(node));
    tell(`10 % ${name}`, watch(swarm, others, rounds));
  }
}

function crowd(): void {
  const swarm = swarmOf();
  const old = swarm.add(peers / 10);
  settle(swarm);
  const joinedIn = swarm.tracker().round;
  const before = takeSnapshot(swarm, old);
  const young = swarm.add(peers - peers / 10);
  for (let i = 0; i < 4; i++) {
    const then = takeSnapshot(swarm, young);
    swarm.runRounds(20);
    if (then.size > 0) tell(`  newcomers, rounds ${20 * i} on`, figuresSince(swarm, then, 20));
  }
  tell('old peers, 80 rounds', figuresSince(swarm, before, 80));
  const delays = delaysToPlay(swarm, young, joinedIn).sort((a, b) => a - b);
  console.log(
    `  ${delays.length} of ${young.length} newcomers play, after ${delays[0]} to ${delays.at(-1)} rounds`,
  );
}

/** Seven in ten go at once; the list is stale until the next epoch but one. */
function departure(): void {
  const swarm = swarmOf();
  const nodes = swarm.add(peers);
  settle(swarm);
  const gone = Math.floor(0.7 * peers);
  vanish(swarm, nodes.slice(0, gone));
  for (const [name, span] of [
    ['rounds 0 to 9', 10],
    ['rounds 10 to 29', 20],
    ['rounds 30 to 59', 30],
  ] as const)
    tell(`  70 % gone, ${name}`, watch(swarm, nodes.slice(gone), span));
}

function ablation(): void {
  const cases: [string, Partial<FlightPathPolicy>, number?][] = Object.entries(FLIGHTPATH_ABLATIONS);
  const none: Partial<FlightPathPolicy> = Object.assign({}, ...Object.values(FLIGHTPATH_ABLATIONS));
  steady('all mechanisms');
  for (const [name, policy] of cases) steady(name, { policy });
  steady('no-code', { config: { neededPackets: 50 } });
  steady('none of them', { policy: none, config: { neededPackets: 50 } });
}

/** As many as ten thousand, a tenth of whom join in each of the first ten rounds: `large` alone, as it takes minutes. */
function large(): void {
  const swarm = swarmOf({ network: { idleMs: LARGE_IDLE_MS } });
  const nodes: NodeId[] = [];
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round += LARGE_STEP) {
    const before = takeSnapshot(swarm, nodes);
    for (let i = 0; i < LARGE_STEP; i++) {
      if (nodes.length < peers)
        nodes.push(...swarm.add(Math.min(Math.ceil(peers / LARGE_STEP), peers - nodes.length)));
      swarm.runRounds(1);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const { jitter, uploadPerNeed, maxUpload } = figuresSince(swarm, before, LARGE_STEP);
    const done = nodes.length * (round + LARGE_STEP);
    console.log(
      `round ${round + LARGE_STEP}: ${swarm.tracker().members.size} members, jitter ${percent(jitter)}, packets ${uploadPerNeed.toFixed(3)} x need,` +
        ` peak round ${maxUpload.toFixed(3)} x stream; ${seconds.toFixed(0)} s, ${(done / seconds).toFixed(0)} peer-rounds/s,` +
        ` ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`,
    );
  }
}

if (isWanted('steady')) steady('steady');
if (isWanted('byzantine')) byzantine();
if (isWanted('crowd')) crowd();
if (isWanted('departure')) departure();
if (isWanted('ablation')) ablation();
if (part === 'large') large();
