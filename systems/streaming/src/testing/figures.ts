/**
 * Prints the figures that the package's README tells of BAR Gossip: who gets what in time, and what it costs. What deviating brings is a
 * matter of the lab (`streaming-epsilon`).
 *
 *   node systems/streaming/dist/testing/figures.js [peers = 250] [rounds = 200] [seed = 1] [obedient | attacks]
 */

import { totalBytes } from '@concordat/accountability';
import type { NodeId } from '@concordat/kernel';
import type { StreamConfig } from '../config.ts';
import { deviationNamed, isFed } from '../deviations/index.ts';
import { CONTROL, JUNK_BYTES, USEFUL } from '../peer/meter.ts';
import { createSwarm, type DeviantGroup, evictedOf, inTimeShare, type Swarm } from './swarm.ts';

const [peers = 250, rounds = 200, seed = 1] = process.argv.slice(2, 5).map(Number);
const part = process.argv[5] ?? 'all';
const isWanted = (name: string): boolean => part === 'all' || part === name;

const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;

/** 5 % of the peers get each packet from the broadcaster. */
const seeds = Math.floor(0.05 * peers);

interface Run {
  readonly swarm: Swarm;
  /** CPU of this process in microseconds per peer and round. */
  readonly cpuUs: number;
}

function run(deviants: readonly DeviantGroup[], config: Partial<StreamConfig> = {}): Run {
  const swarm = createSwarm({ seed, peers, deviants, config: { seeds, ...config } });
  const before = process.cpuUsage();
  swarm.runRounds(rounds);
  const { user, system } = process.cpuUsage(before);
  return { swarm, cpuUs: (user + system) / (peers * rounds) };
}

function told(name: string, { swarm, cpuUs }: Run, ids: readonly NodeId[]): void {
  const { packetsPerRound, packetBytes } = swarm.config;
  const stream = rounds * packetsPerRound * packetBytes * ids.length;
  const meters = ids.map((id) => swarm.peer(id).meter);
  const share = (kind: number): string =>
    (meters.reduce((sum, { up }) => sum + (up[kind] as number), 0) / stream).toFixed(3);
  const peak = Math.max(...meters.map(({ maxRoundUp }) => maxRoundUp)) / (packetsPerRound * packetBytes);
  const ups = meters
    .map(({ up }) => totalBytes(up) / rounds / (packetsPerRound * packetBytes))
    .sort((a, b) => a - b);
  console.log(
    `${name.padEnd(34)} in time ${percent(inTimeShare(swarm, ids))}  upload ${share(USEFUL)} + junk ${share(JUNK_BYTES)} + control ${share(CONTROL)}` +
      `, p99 ${(ups[Math.floor(0.99 * ups.length)] ?? 0).toFixed(2)}, peak round ${peak.toFixed(1)} x stream; cpu ${cpuUs.toFixed(0)} us; evicted ${evictedOf(swarm).length}`,
  );
}

/** Evenly spread over the ids. */
const some = (ids: readonly NodeId[], share: number): NodeId[] =>
  ids.filter((id) => (id * 7) % 10 < 10 * share);

function attacked(
  name: string,
  share: number,
  config: Partial<StreamConfig> = {},
): Run & { others: NodeId[] } {
  const deviation = deviationNamed(name);
  if (deviation === null) throw new Error(`no deviation is named ${name}`);
  const all = Array.from({ length: peers }, (_, i) => i + 1);
  const ids = some(all, share);
  return { ...run([{ ids, deviation }], config), others: all.filter((id) => !ids.includes(id)) };
}

const WITHOUT_PUSH = { kind: 'gossip', pushSize: 0, youngRounds: 3, oldRounds: 7, junkFactor: 1.39 } as const;

console.log(`${peers} peers, ${rounds} rounds, ${seeds} seeds, seed ${seed}`);
if (isWanted('obedient')) {
  const all = run([]);
  told('all obedient', all, all.swarm.ids);
  const plain = run([], { protocol: WITHOUT_PUSH });
  told('the same without pushes', plain, plain.swarm.ids);
}
if (isWanted('attacks')) {
  for (const [name, share] of [
    ['silent', 0.2],
    ['delivers-nothing', 0.2],
    ['withholds-all-keys', 0.2],
    ['pools', 0.4],
  ] as const) {
    const attack = attacked(name, share);
    told(`${share * 100} % ${name}`, attack, attack.others);
  }
  const lotus = attacked('lotus-eaters', 0.2);
  told('20 % lotus-eaters: fed', lotus, lotus.others.filter(isFed));
  told(
    '20 % lotus-eaters: not fed',
    lotus,
    lotus.others.filter((id) => !isFed(id)),
  );
}
