/**
 * The two protocols by which an outside client gets results, behind one face: replicas take requests and answer them
 * (../../client), or replicas take them and executors answer (../../executor/client.ts). Connections, a clock and timers are
 * the business of connect.ts.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { type ClientOptions, type ClientState, call, createClient } from '../../client/client.ts';
import { read } from '../../client/reads.ts';
import {
  callExecutors,
  createExecutorClient,
  type ExecutorClientOptions,
  type ExecutorClientState,
  readFrom,
} from '../../executor/client.ts';
import type { Message } from '../../replica/messages.ts';

/** One client, started; each method is a part of a turn. */
export interface ClientProtocol {
  receive(env: Env<Message>, from: NodeId, message: Message): void;
  timeout(env: Env<Message>, name: string): void;
  /** Sends a request; its number, or null while too many are under way. */
  call(env: Env<Message>, body: Uint8Array): number | null;
  /** Asks without order; its number. */
  ask(env: Env<Message>, query: Uint8Array): number;
  readonly hasCalls: boolean;
  /** Takes the results of calls that are known now, by number. */
  takeResults(): ReadonlyMap<number, Uint8Array>;
  /** The same of what was asked; null where it has to be ordered. */
  takeAnswers(): ReadonlyMap<number, Uint8Array | null>;
}

const FRESH = { records: [], first: 0, whole: true, losses: 0 };

export function speakToReplicas(options: ClientOptions, env: Env<Message>): ClientProtocol {
  const process = createClient(options);
  const s: ClientState = process.start(env, FRESH);
  return {
    receive: (e, from, message) => process.receive(s, e, from, message),
    timeout: (e, name) => process.timeout(s, e, name),
    call: (e, body) => call(s, e, body),
    ask: (e, query) => read(s, e, query),
    get hasCalls() {
      return s.calls.size > 0;
    },
    takeResults: () => takeAll(s.results),
    takeAnswers: () => takeAll(s.answers),
  };
}

/** As often as replicas are asked before a query is ordered. */
const READ_TRIES = 3;

export function speakToExecutors(
  options: Omit<ExecutorClientOptions, 'readTries'>,
  env: Env<Message>,
): ClientProtocol {
  const process = createExecutorClient({ ...options, readTries: READ_TRIES });
  const s: ExecutorClientState = process.start(env, FRESH);
  return {
    receive: (e, from, message) => process.receive(s, e, from, message),
    timeout: (e, name) => process.timeout(s, e, name),
    call: (e, body) => callExecutors(s, e, body),
    // An operation that is a query has the same answer: both are frames of the service.
    ask: (e, query) => readFrom(s, e, { query, ordered: query, isLinearizable: true }),
    get hasCalls() {
      return s.calls.size > 0;
    },
    takeResults: () => takeAll(s.results),
    takeAnswers: () => takeAll(s.readResults),
  };
}

const NOTHING = new Map<number, never>();

function takeAll<T>(found: Map<number, T>): ReadonlyMap<number, T> {
  if (found.size === 0) return NOTHING;
  const taken = new Map(found);
  found.clear();
  return taken;
}
