/**
 * Closed loops: whoever has an answer asks again at once, so the load follows the service, and throughput is what it
 * can do. At a member the requests are its gateway's, whose outcomes its own replica exposes; a caller is no member and
 * believes what a vouching quorum says.
 */

import { type Env, isBatch, type Millis, type NodeId, type Process, type Strategy } from '@concordat/kernel';
import { type ClientState, call, type Message, orderedLog, type ReplicaState } from '@concordat/replication';
import { addOperation } from '@concordat/replication/compliance';
import type { Recorder } from './recorder.ts';

export type ReplicaProcess = Process<ReplicaState, Message>;
export type ClientProcess = Process<ClientState, Message>;
export type ClientStrategy = Strategy<ClientState, Message>;

const BEGIN = 'load/begin';
/** By then links are up. Loops begin a little after one another. */
const BEGIN_MS = 5;
const SPREAD_MS = 5;

/** What `of` asks for: one more on a counter of its own. */
const operationOf = (of: NodeId): Uint8Array => addOperation(`${of}`, 1);

/** Requests that are under way, by sequence number. */
interface Loop {
  isOpen: boolean;
  readonly sentAt: Map<number, Millis>;
}

function beginSoon(env: Env<Message>): Loop {
  env.setTimer(BEGIN, BEGIN_MS + SPREAD_MS * env.random.unit());
  return { isOpen: false, sentAt: new Map() };
}

/** Fills the loop up to `outstanding` requests; true if it added any. */
function refill(
  loop: Loop,
  env: Env<Message>,
  outstanding: number,
  submit: (body: Uint8Array) => number | null,
): boolean {
  let added = false;
  while (loop.isOpen && loop.sentAt.size < outstanding) {
    const seq = submit(operationOf(env.self));
    if (seq === null) break;
    loop.sentAt.set(seq, env.now);
    added = true;
  }
  return added;
}

function complete(loop: Loop, env: Env<Message>, seq: number, recorder: Recorder): void {
  const sentAt = loop.sentAt.get(seq);
  if (sentAt !== undefined && loop.sentAt.delete(seq)) recorder.add(env.self, env.now - sentAt);
}

/** A replica whose gateway keeps requests outstanding. */
export function asGateway(replica: ReplicaProcess, outstanding: number, recorder: Recorder): ReplicaProcess {
  let loop: Loop;
  const takeOutcomes = (s: ReplicaState, env: Env<Message>): void => {
    for (const item of orderedLog.takeExposed(s)) {
      if (!isBatch(item)) continue;
      for (const { domain, client, seq } of item.outcomes)
        if (domain === env.self && client === s.submission.client) complete(loop, env, seq, recorder);
    }
  };
  return {
    ...replica,
    start: (env, recovered) => {
      loop = beginSoon(env);
      return replica.start(env, recovered);
    },
    timeout: (s, env, timer) => {
      if (timer === BEGIN) loop.isOpen = true;
      else replica.timeout(s, env, timer);
    },
    settle: (s, env) => {
      // What is asked for in answer to an outcome is in this turn's batch.
      do {
        replica.settle(s, env);
        takeOutcomes(s, env);
      } while (refill(loop, env, outstanding, (body) => orderedLog.submit(s, env, body)));
    },
  };
}

/** A client that keeps requests outstanding. */
export function asCaller(client: ClientProcess, outstanding: number, recorder: Recorder): ClientProcess {
  let loop: Loop;
  return {
    ...client,
    start: (env, recovered) => {
      loop = beginSoon(env);
      return client.start(env, recovered);
    },
    timeout: (s, env, timer) => {
      if (timer === BEGIN) loop.isOpen = true;
      else client.timeout(s, env, timer);
    },
    settle: (s, env) => {
      client.settle(s, env);
      for (const seq of s.results.keys()) complete(loop, env, seq, recorder);
      s.results.clear();
      refill(loop, env, outstanding, (body) => call(s, env, body));
    },
  };
}
