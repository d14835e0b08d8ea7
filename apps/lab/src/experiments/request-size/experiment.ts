/**
 * What a large request costs those who order it. UpRight's order stage agrees on digests: a body goes from the client to filter
 * nodes and from one of them to executors. Counted are the bytes of messages that the primary gets and sends for a request.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { encodeMessage, type Message, type Preset, presets } from '@concordat/replication';
import { callExecutors, createExecutorCluster, type ExecutorClient } from '@concordat/replication/compliance';
import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, exactly, type Finding } from '../../finding.ts';

interface Parameters {
  /** Of requests, in bytes. */
  readonly sizes: readonly number[];
  readonly requests: number;
}

interface Row {
  readonly preset: string;
  readonly size: number;
  /** Of messages to and from the primary, for each request. */
  readonly atPrimary: number;
  /** Requests that were answered. */
  readonly answered: number;
}

const FAULTS = { u: 1, r: 1 };
const SEED = 3;
const EVERY_MS = 20;
const PRIMARY: NodeId = 0;

const { executors: whole, 'upright-separated': byReference } = presets;

/** All nodes speak one protocol. */
const isMessage = (message: unknown): message is Message =>
  typeof message === 'object' && message !== null && 'type' in message;

function trial(preset: Preset, size: number, requests: number): Row {
  const { world, clients, completed } = createExecutorCluster({
    seed: SEED,
    faults: FAULTS,
    settings: preset.settings,
    clients: 1,
  });
  let bytes = 0;
  const sizeOf = (message: unknown): number => (isMessage(message) ? encodeMessage(message).length : 0);
  world.run(100);
  world.observe({
    sent: (_at, from, _to, messages) => {
      if (from === PRIMARY) for (const message of messages) bytes += sizeOf(message);
    },
    delivered: (_at, _from, to, message) => {
      if (to === PRIMARY) bytes += sizeOf(message);
    },
  });
  for (let i = 0; i < requests; i++) {
    // The ledger refuses it: what counts is how it gets there.
    const body = new Uint8Array(size).fill(i + 1);
    world.schedule(100 + i * EVERY_MS, () =>
      world.call<ExecutorClient, Message>(
        clients[0] ?? 0,
        (s, env: Env<Message>) => void callExecutors(s, env, body),
      ),
    );
  }
  world.run(requests * EVERY_MS + 500);
  return { preset: preset.name, size, atPrimary: bytes / requests, answered: completed() };
}

function assertRows(rows: readonly Row[]): Finding[] {
  const growth = ({ name }: Preset): number => {
    const own = rows.filter(({ preset }) => preset === name);
    return (own.at(-1)?.atPrimary ?? 0) / (own[0]?.atPrimary ?? 1);
  };
  const [least, most] = [Math.min, Math.max].map((pick) => pick(...rows.map(({ answered }) => answered)));
  const sizes = rows.map(({ size }) => size);
  const span = `${Math.max(...sizes)} B over ${Math.min(...sizes)} B`;
  return [
    exactly('requests answered with any preset and size, least over most', (least ?? 0) / (most ?? 1), 1),
    atMost(`${byReference.name}: bytes at the primary for a request of ${span}`, growth(byReference), 1.1, {
      published: 'UpRight orders digests of bodies that are four digests or longer',
    }),
    atLeast(`${whole.name}: bytes at the primary for a request of ${span}`, growth(whole), 4, {
      remark: 'bodies go with the batches of the replica that supplies an executor',
    }),
  ];
}

export const requestSize: Experiment<Parameters, readonly Row[]> = {
  name: 'request-size',
  claim: 'Ordering a large request costs no more than ordering a small one.',
  source: 'UpRight (SOSP 2009), forwarding of digests by the request quorum',
  small: { sizes: [16, 256, 4096], requests: 20 },
  full: { sizes: [16, 64, 128, 256, 1024, 4096, 16_384, 65_536], requests: 200 },
  run: ({ sizes, requests }, progress) =>
    [whole, byReference].flatMap((preset) =>
      sizes.map((size) => {
        const row = trial(preset, size, requests);
        progress(`${preset.name}, ${size} B: ${Math.round(row.atPrimary)} B at the primary for a request`);
        return row;
      }),
    ),
  assert: assertRows,
  draw: (rows) =>
    drawCurves({
      title: 'Bytes at the primary for a request, by its size',
      series: [whole, byReference].map(({ name }) => ({
        name,
        points: rows.filter(({ preset }) => preset === name).map(({ size, atPrimary }) => [size, atPrimary]),
      })),
      x: { name: 'bytes of a request', isLog: true },
      y: { name: 'bytes at the primary', isLog: true },
    }),
};
