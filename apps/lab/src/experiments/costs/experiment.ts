/**
 * What the simulator charges, beside what this machine takes. Only orders are asserted: times are those of whoever
 * measures. The full size also runs four real replicas in processes of their own, and compares the CPU time that a request
 * costs all of them with what the simulator charges for it at the costs measured here.
 */

import { measureNull } from '@concordat/bench/replication';
import { type CpuCosts, measuredCosts } from '@concordat/sim';
import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import { concordat } from '../../harness/candidate.ts';
import { room } from '../../harness/testbed.ts';
import { run } from '../../harness/trial.ts';
import { type MachineCosts, measureMachine } from './machine.ts';

interface Parameters {
  readonly rounds: number;
  readonly calls: number;
  /** Seconds for which real replicas are run, twice: compiled while they run the first time. 0 for not at all. */
  readonly realSeconds: number;
}

/** CPU time that one request costs all replicas together, in microseconds. */
interface Comparison {
  readonly realUs: number;
  readonly simulatedUs: number;
}

interface Data {
  readonly machine: MachineCosts;
  readonly comparison: Comparison | null;
}

const CLIENTS = 20;

/** The model at this machine's prices. Of a frame the model charges writing and waking apart. */
const priced = (machine: MachineCosts): CpuCosts => ({
  ...measuredCosts,
  frameUs: Math.max(0, machine.tlsFrame - measuredCosts.turnUs - measuredCosts.receiveUs),
  byteUs: machine.tlsByte / 2,
  signUs: machine.sign,
  verifyUs: machine.verify,
  hashByteUs: machine.hashByte,
  workers: 1,
});

function simulatedUs(machine: MachineCosts): number {
  const span = { warmMs: 200, forMs: 1000 };
  const testbed = { ...room, disk: { syncMs: 0, jitterMs: 0 }, cpu: priced(machine) };
  const figures = run({
    candidate: concordat,
    faults: { u: 1, r: 1 },
    clients: CLIENTS,
    atGateways: 0,
    span,
    testbed,
  });
  const busyMs = figures.busy.reduce((sum, { turns, jobs }) => sum + (turns + jobs) * span.forMs, 0);
  return (busyMs * 1000) / figures.completed;
}

async function compare(
  machine: MachineCosts,
  seconds: number,
  progress: (line: string) => void,
): Promise<Comparison> {
  const [row] = await measureNull(
    {
      targets: ['each'],
      journals: ['memory'],
      preset: 'concordat',
      loads: [{ clients: CLIENTS, payloadBytes: 0, seconds }],
      rounds: 1,
      profileDir: null,
      parentDir: undefined,
      json: false,
    },
    progress,
  );
  return { realUs: row?.figures.serverCpuUsPerRequest ?? 0, simulatedUs: simulatedUs(machine) };
}

/** Name, what the model charges, what this machine takes: in microseconds. */
const pricesOf = (machine: MachineCosts): readonly (readonly [string, number, number])[] => [
  ['signature made', measuredCosts.signUs, machine.sign],
  ['signature checked', measuredCosts.verifyUs, machine.verify],
  [
    'frame over TLS',
    measuredCosts.frameUs + measuredCosts.turnUs + measuredCosts.receiveUs + measuredCosts.sendUs,
    machine.tlsFrame,
  ],
  ['KiB over TLS', 2 * 1024 * measuredCosts.byteUs, 1024 * machine.tlsByte],
  ['KiB hashed', 1024 * measuredCosts.hashByteUs, 1024 * machine.hashByte],
];

function assertData({ machine, comparison }: Data): Finding[] {
  const orders = [
    atLeast('checking a signature over making a MAC of 100 bytes', machine.verify / machine.mac, 10),
    atLeast('HMAC-SHA256 of node over our MAC, 100 bytes', machine.hmac / machine.mac, 2),
    atLeast(
      'a frame over TLS over a MAC: one authentication per frame, not per message',
      machine.tlsFrame / machine.mac,
      2,
    ),
  ];
  if (comparison === null) return orders;
  const ratio = comparison.realUs / comparison.simulatedUs;
  return [
    ...orders,
    atLeast('CPU time per request of real replicas over that of simulated ones', ratio, 0.5),
    atMost('CPU time per request of real replicas over that of simulated ones', ratio, 4),
  ];
}

export const costs: Experiment<Parameters, Data> = {
  name: 'costs',
  claim: 'What the simulator charges for work is of the order of what work takes.',
  source: 'worlds/sim/src/cpu.ts, worlds/runtime, apps/bench',
  small: { rounds: 5, calls: 400, realSeconds: 0 },
  full: { rounds: 10, calls: 10_000, realSeconds: 20 },
  run: async ({ rounds, calls, realSeconds }, progress) => {
    const machine = await measureMachine(rounds, calls);
    for (const [name, charged, taken] of pricesOf(machine))
      progress(`${name}: ${taken.toFixed(2)} us, charged ${charged.toFixed(2)} us`);
    progress(`MAC: ${machine.mac.toFixed(2)} us, HMAC of node: ${machine.hmac.toFixed(2)} us`);
    const comparison = realSeconds === 0 ? null : await compare(machine, realSeconds, progress);
    return { machine, comparison };
  },
  assert: assertData,
  draw: ({ machine }) => {
    const prices = pricesOf(machine);
    return drawBars({
      title: 'What work costs, nanoseconds of CPU time',
      categories: prices.map(([name]) => name),
      series: [
        { name: 'the model', values: prices.map(([, charged]) => 1000 * charged) },
        { name: 'this machine', values: prices.map(([, , taken]) => 1000 * taken) },
      ],
      axis: { name: 'ns', isLog: true },
    });
  },
};
