/**
 * What it costs to endure more: nodes of each stage, throughput and latency, by how many failures of any kind (u) and how
 * many lies among them (r) a federation endures.
 */

import { type FaultModel, quorumsOf } from '@concordat/replication';
import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, exactly, type Finding } from '../../finding.ts';
import { concordat } from '../../harness/candidate.ts';
import { room, slowed } from '../../harness/testbed.ts';
import { type Load, run } from '../../harness/trial.ts';

interface Parameters extends Load {
  /** Clients where latency is measured: few. */
  readonly idleClients: number;
}

interface Row {
  readonly model: FaultModel;
  readonly order: number;
  readonly execution: number;
  readonly perSecond: number;
  readonly idleMs: number;
}

/** Order and execution nodes, from the paper's formulas 2u + r + 1 and u + max(u, r) + 1. */
const MODELS: readonly { readonly model: FaultModel; readonly order: number; readonly execution: number }[] =
  [
    { model: { u: 1, r: 0 }, order: 3, execution: 3 },
    { model: { u: 1, r: 1 }, order: 4, execution: 3 },
    { model: { u: 2, r: 0 }, order: 5, execution: 5 },
    { model: { u: 2, r: 1 }, order: 6, execution: 5 },
    { model: { u: 2, r: 2 }, order: 7, execution: 5 },
  ];

const named = ({ u, r }: FaultModel): string => `(${u},${r})`;

function trial(model: FaultModel, { idleClients, ...load }: Parameters): Row {
  const { members, executors } = quorumsOf(model);
  const options = { ...load, candidate: concordat, faults: model };
  return {
    model,
    order: members,
    execution: executors,
    perSecond: run(options).perSecond,
    idleMs: run({ ...options, clients: idleClients }).p50Ms,
  };
}

function assertRows(rows: readonly Row[]): Finding[] {
  const [base, ...others] = rows;
  const nodes = rows.flatMap(({ model, order, execution }, i) => [
    exactly(`${named(model)}: nodes that order`, order, MODELS[i]?.order ?? 0, { published: '2u + r + 1' }),
    exactly(`${named(model)}: nodes that execute`, execution, MODELS[i]?.execution ?? 0, {
      published: 'u + max(u,r) + 1',
      remark: 'so many suffice; here every member executes',
    }),
  ]);
  const costs = others.flatMap(({ model, perSecond, idleMs }) => [
    atLeast(`${named(model)}: throughput over that of (1,0)`, perSecond / (base?.perSecond ?? 0), 0.7),
    atLeast(`${named(model)}: latency of (1,0) over its own, few clients`, (base?.idleMs ?? 0) / idleMs, 0.5),
  ]);
  return [...nodes, ...costs];
}

export const faultModels: Experiment<Parameters, readonly Row[]> = {
  name: 'fault-models',
  claim: 'Enduring lies, or more failures, takes more nodes and little throughput.',
  source: 'UpRight (SOSP 2009), node counts by (u, r)',
  small: {
    clients: 12,
    idleClients: 1,
    atGateways: 0,
    span: { warmMs: 50, forMs: 120 },
    testbed: slowed(room, 5),
  },
  full: { clients: 32, idleClients: 1, atGateways: 0, span: { warmMs: 300, forMs: 1000 }, testbed: room },
  run: (parameters, progress) =>
    MODELS.map(({ model }) => {
      const row = trial(model, parameters);
      progress(`${named(model)}: ${Math.round(row.perSecond)} requests/s, ${row.idleMs.toFixed(2)} ms`);
      return row;
    }),
  assert: assertRows,
  draw: (rows) =>
    drawBars({
      title: 'Throughput and nodes by fault model (u,r)',
      categories: rows.map(({ model, order }) => `${named(model)}: ${order} nodes`),
      series: [{ name: 'concordat', values: rows.map(({ perSecond }) => perSecond) }],
      axis: { name: 'requests/s' },
    }),
};
