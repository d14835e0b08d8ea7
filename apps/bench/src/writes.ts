/** Writes to fill a service, and writes at a steady rate, whatever the answers do. */

import type { Connection, OnReply } from './connection.ts';
import { createLatencies, type Latencies } from './latencies.ts';
import { MODE, OP, writeCreate, writeSetData } from './protocol.ts';

export interface Written {
  readonly latencies: Latencies;
  readonly ms: number;
  readonly failures: number;
}

const DEPTH = 100;
/** How often a steady writer looks what is due, milliseconds. */
const TICK_MS = 5;

/** Creates `paths`, some at a time through each connection. */
export function createNodes(
  connections: readonly Connection[],
  paths: Iterable<string>,
  data: Buffer,
): Promise<Written> {
  const iterator = paths[Symbol.iterator]();
  const startedAt = performance.now();
  const latencies = createLatencies(startedAt);
  let failures = 0;
  let running = connections.length * DEPTH;
  return new Promise((resolve) => {
    const issue = (connection: Connection): void => {
      const { value, done } = iterator.next();
      if (done) {
        if (--running === 0) resolve({ latencies, ms: performance.now() - startedAt, failures });
        return;
      }
      const sentAt = performance.now();
      connection.request(
        OP.create,
        (w) => writeCreate(w, value, data, MODE.persistent),
        (reply) => {
          const now = performance.now();
          if (reply === null || reply.error !== 0) failures++;
          latencies.add(now - sentAt, now);
          issue(connection);
        },
      );
    };
    for (const connection of connections) for (let i = 0; i < DEPTH; i++) issue(connection);
  });
}

export interface Steady extends Written {
  readonly sent: number;
  /** Unanswered when the last one was sent. */
  readonly behind: number;
}

/** An open loop: `perSecond` sets a second over `paths`, for so many seconds. */
export function writeSteadily(
  connections: readonly Connection[],
  paths: readonly string[],
  {
    perSecond,
    bytes,
    seconds,
  }: { readonly perSecond: number; readonly bytes: number; readonly seconds: number },
): Promise<Steady> {
  const data = Buffer.alloc(bytes, 3);
  const startedAt = performance.now();
  const latencies = createLatencies(startedAt);
  const total = Math.round(perSecond * seconds);
  let sent = 0;
  let answered = 0;
  let failures = 0;
  let behind = 0;
  return new Promise((resolve) => {
    const due = (now: number): number => Math.min(total, Math.floor(((now - startedAt) / 1000) * perSecond));
    const sendOne = (): void => {
      const number = sent++;
      const dueAt = startedAt + (number / perSecond) * 1000;
      const onReply: OnReply = (reply) => {
        const now = performance.now();
        if (reply === null || reply.error !== 0) failures++;
        // From when it should have been sent: a sender that is held up does not hide it.
        latencies.add(now - dueAt, now);
        if (++answered === total) resolve({ latencies, ms: now - startedAt, failures, sent, behind });
      };
      const path = paths[number % paths.length] ?? '/';
      connections[number % connections.length]?.request(
        OP.setData,
        (w) => writeSetData(w, path, data, -1),
        onReply,
      );
    };
    const timer = setInterval(() => {
      const until = due(performance.now());
      while (sent < until) sendOne();
      if (sent < total) return;
      clearInterval(timer);
      behind = sent - answered;
    }, TICK_MS);
  });
}
