/** Phases of the benchmark of erasure codes: each does one thing with the same data for a while, and checks what came of it. */

import {
  createErasureCode,
  createSimdMultiplier,
  createTableMultiplier,
  type ErasureCode,
  type PartialShards,
} from '@concordat/crypto';
import type { ErasureOptions, Shape } from './options.ts';

export interface PhaseFigures {
  readonly name: string;
  /** In all rounds. */
  readonly calls: number;
  /** Of data, in all calls: all shards of data count, whatever was done about them. */
  readonly bytes: number;
  /** Bytes of data for a microsecond of CPU time, in the median round. */
  readonly mbPerSecond: number;
  readonly usPerCall: number;
  /** Last results of rounds that were not what they should be. */
  readonly wrong: number;
}

export interface ShapeFigures {
  readonly shape: Shape;
  readonly phases: readonly PhaseFigures[];
}

export const COPY = 'copy of the data';
export const ENCODE = 'encode';
export const RECONSTRUCT = 'reconstruct';
export const TABLES = ', tables';

interface Phase {
  readonly name: string;
  readonly run: () => void;
  /** Of the last run. */
  readonly isRight: () => boolean;
}

export function measureErasure(options: ErasureOptions, tell: (line: string) => void): ShapeFigures[] {
  return options.shapes.map((shape) => {
    const phases = phasesOf(shape);
    const rates = phases.map((): number[] => []);
    const calls = phases.map(() => 0);
    const wrong = phases.map(() => 0);
    for (const { run } of phases) callsWithin(options.seconds / 2, run);
    for (let round = 0; round < options.rounds; round++) {
      for (const [i, { run, isRight }] of phases.entries()) {
        const did = callsWithin(options.seconds, run);
        rates[i]?.push(did.usPerCall);
        calls[i] = (calls[i] as number) + did.calls;
        if (!isRight()) wrong[i] = (wrong[i] as number) + 1;
      }
    }
    const dataBytes = shape.dataShards * shape.shardBytes;
    const figures = phases.map(({ name }, i) => {
      const usPerCall = median(rates[i] ?? []);
      const made = calls[i] as number;
      return {
        ...{ name, calls: made, bytes: made * dataBytes, usPerCall },
        ...{ mbPerSecond: dataBytes / usPerCall, wrong: wrong[i] as number },
      };
    });
    tell(`${shape.dataShards}/${shape.totalShards} x ${shape.shardBytes} B: done`);
    return { shape, phases: figures };
  });
}

function phasesOf(shape: Shape): Phase[] {
  const { dataShards, totalShards, shardBytes } = shape;
  const data = Array.from({ length: dataShards }, (_, c) =>
    Uint8Array.from({ length: shardBytes }, (_, i) => 89 * c + 7 * i + (i >> 5) + 1),
  );
  const tables = createErasureCode(dataShards, totalShards, createTableMultiplier());
  const simd = createSimdMultiplier();
  const shards = [...data, ...tables.encode(data)];
  const fast = simd === null ? [] : codePhases(createErasureCode(dataShards, totalShards, simd), shards, '');
  return [copyPhase(data), ...fast, ...codePhases(tables, shards, TABLES)];
}

function copyPhase(data: readonly Uint8Array[]): Phase {
  const copy = new Uint8Array(data.reduce((sum, { length }) => sum + length, 0));
  return {
    name: COPY,
    run: () => {
      let at = 0;
      for (const shard of data) {
        copy.set(shard, at);
        at += shard.length;
      }
    },
    isRight: () => Buffer.concat(data).equals(copy),
  };
}

function codePhases(code: ErasureCode, shards: readonly Uint8Array[], suffix: string): Phase[] {
  const data = shards.slice(0, code.dataShards);
  const parity = shards.slice(data.length);
  const into = parity.map(({ length }) => new Uint8Array(length));
  const losses = patternsOf(code, shards);
  let [encoded, rebuilt]: [Uint8Array[], Uint8Array[] | null] = [[], null];
  let next = 0;
  return [
    {
      name: `${ENCODE}${suffix}`,
      run: () => {
        encoded = code.encode(data);
      },
      isRight: () => areEqual(encoded, parity),
    },
    {
      name: `encode into memory that is there${suffix}`,
      run: () => code.encodeInto(data, into),
      isRight: () => areEqual(into, parity),
    },
    {
      name: `${RECONSTRUCT}${suffix}`,
      run: () => {
        rebuilt = code.reconstruct(losses[0] as PartialShards);
      },
      isRight: () => areEqual(rebuilt, shards),
    },
    {
      name: `reconstruct, another loss each time${suffix}`,
      run: () => {
        rebuilt = code.reconstruct(losses[next++ % losses.length] as PartialShards);
      },
      isRight: () => areEqual(rebuilt, shards),
    },
  ];
}

/** As many shards lost as there may be, beginning at each shard in turn. */
const patternsOf = ({ dataShards, totalShards }: ErasureCode, shards: readonly Uint8Array[]) =>
  shards.map(
    (_, first): PartialShards =>
      shards.map((shard, i) =>
        (i - first + totalShards) % totalShards < totalShards - dataShards ? null : shard,
      ),
  );

const areEqual = (a: readonly Uint8Array[] | null, b: readonly Uint8Array[]): boolean =>
  a !== null && a.length === b.length && a.every((shard, i) => Buffer.from(shard).equals(b[i] as Uint8Array));

/** Runs until so much CPU time was taken, at least once. */
function callsWithin(
  seconds: number,
  run: () => void,
): { readonly calls: number; readonly usPerCall: number } {
  const start = process.cpuUsage();
  let [calls, us, batch] = [0, 0, 1];
  while (us < seconds * 1e6) {
    for (let i = 0; i < batch; i++) run();
    calls += batch;
    const { user, system } = process.cpuUsage(start);
    us = user + system;
    // The clock costs more than a small call: it is read some hundred times in all.
    batch = Math.max(1, Math.ceil((calls / Math.max(us, 1)) * seconds * 1e4));
  }
  return { calls, usPerCall: us / calls };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
