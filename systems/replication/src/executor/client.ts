/**
 * A client of executors (UpRight's client shim, SOSP'09 section 4): order replicas take its requests, executors answer. It
 * believes what r + 1 of them say alike, one in full. Reads are not ordered, unless they fail again and again.
 *
 * Deviation: UpRight's linearizable reads need n_e - r equal answers. A write is over once r + 1 executors have answered,
 * of which one need be honest; n_e - r others may all be liars and laggards (`reads.test.ts`). So all n_e must agree here,
 * which is the same for r = 0, and a read that finds them different is ordered in the end.
 */

import type { Keys } from '@concordat/crypto';
import type { Digest, Env, Millis, NodeId, Process } from '@concordat/kernel';
import { equalBytes, toHex } from '@concordat/wire';
import { type ClientRoute, signedToAll } from '../client/client.ts';
import { adoptChain, epochAt, type Followed } from '../client/configuration.ts';
import { type Numbered, noteResult, numbered } from '../client/giving-up.ts';
import type { Quorums } from '../fault-model.ts';
import type { Configuration } from '../governance/configuration.ts';
import type { Link } from '../governance/link.ts';
import type { Answer } from '../replica/client-messages.ts';
import type { Message } from '../replica/messages.ts';
import type { Request } from '../request.ts';
import { signAttach } from './attach.ts';

export interface ExecutorClientOptions {
  readonly cluster: Digest;
  readonly quorums: Quorums;
  /** Who orders. */
  readonly members: readonly NodeId[];
  /** Without it the members are for ever those above. */
  readonly followed?: Followed;
  /** Who answers. */
  readonly executors: readonly NodeId[];
  readonly keys: Keys;
  /** Whose key signs. */
  readonly domain: number;
  /** Larger than that of any earlier client of the domain; 0 is reserved. */
  readonly client: number;
  readonly clientWindow: number;
  /** Pause before something is sent again; doubles up to eight times as much. */
  readonly retransmitMs: Millis;
  /** After so many tries a read is ordered; ten unless told (UpRight's client shim). */
  readonly readTries?: number;
  /** Signed, to every order replica, unless told: where bodies come from filter nodes, they are what is asked. */
  readonly route?: ClientRoute;
}

/** What executors say of one thing: each one's answer, and the bytes behind those that came in full. */
interface Answers {
  readonly said: Map<NodeId, string>;
  readonly full: Map<string, Uint8Array>;
}

interface Call extends Answers {
  readonly request: Request;
  /** The read that it was, if it comes from one that failed. */
  readonly readId: number | null;
  sentAt: Millis;
  waitMs: Millis;
}

interface PendingRead extends Answers {
  readonly read: ReadRequest;
  sentAt: Millis;
  tries: number;
}

export interface ReadRequest {
  /** For `Service.query`. */
  readonly query: Uint8Array;
  /** An operation with the same answer, for when it must be ordered. */
  readonly ordered: Uint8Array;
  /** Sees every write that was answered before it began. Otherwise what it sees may be old. */
  readonly isLinearizable: boolean;
}

export interface ExecutorClientState extends Numbered {
  readonly options: ExecutorClientOptions;
  /** Of the order replicas, the latest that is known; null where they never change. */
  configuration: Configuration | null;
  members: readonly NodeId[];
  quorums: Quorums;
  /** When order replicas were last asked for a later configuration. */
  askedAt: Millis;
  readonly route: ClientRoute;
  readonly calls: Map<number, Call>;
  readonly reads: Map<number, PendingRead>;
  nextRead: number;
  /** Results that nobody has taken yet, by sequence number. */
  readonly results: Map<number, Uint8Array>;
  /** The same of reads, by their numbers. */
  readonly readResults: Map<number, Uint8Array>;
}

const TICK = 'client/tick';

export const READ_TRIES = 10;
const MAX_BACKOFF = 8;

/**
 * Retransmission pauses between questions for a later configuration while calls are made. Executors answer as long as one
 * member that is still there passes requests on: no call is late before the client knows nobody any more who could prove
 * where they have gone.
 */
const ASK_EVERY = 4;

function askForChain(s: ExecutorClientState, env: Env<Message>): void {
  if (s.configuration === null) return;
  s.askedAt = env.now;
  for (const id of s.members) env.send(id, { type: 'fetch-chain', epoch: s.configuration.epoch });
}

export function createExecutorClient(options: ExecutorClientOptions): Process<ExecutorClientState, Message> {
  return {
    start: (env) => {
      env.setTimer(TICK, options.retransmitMs / 2);
      const s = createState(options);
      attachEverywhere(s, env);
      return s;
    },
    receive,
    timeout: (s, env, timer) => {
      if (timer !== TICK) return;
      env.setTimer(TICK, options.retransmitMs / 2);
      sendAgain(s, env);
    },
    settle: () => {},
  };
}

const createState = (options: ExecutorClientOptions): ExecutorClientState => ({
  options,
  configuration: options.followed?.trusted ?? null,
  members: options.members,
  quorums: options.quorums,
  askedAt: Number.NEGATIVE_INFINITY,
  route: options.route ?? signedToAll(options),
  ...numbered(),
  calls: new Map(),
  reads: new Map(),
  nextRead: 1,
  results: new Map(),
  readResults: new Map(),
});

/** Submits an operation and returns its sequence number; null while too many are outstanding. */
export function callExecutors(s: ExecutorClientState, env: Env<Message>, body: Uint8Array): number | null {
  return s.nextSeq > s.acked + s.options.clientWindow ? null : submit(s, env, body, null);
}

function submit(s: ExecutorClientState, env: Env<Message>, body: Uint8Array, readId: number | null): number {
  const { domain, client, retransmitMs } = s.options;
  const seq = s.nextSeq++;
  const request = s.route.seal({ domain, client, seq, acked: s.acked, body });
  const answers = { said: new Map(), full: new Map() };
  s.calls.set(seq, { request, readId, sentAt: env.now, waitMs: retransmitMs, ...answers });
  s.route.send(env, request, false, s.members);
  if (env.now - s.askedAt >= ASK_EVERY * retransmitMs) askForChain(s, env);
  return seq;
}

function attachEverywhere({ options }: ExecutorClientState, env: Env<Message>): void {
  for (const id of options.executors) env.send(id, signAttach(options.keys, options.cluster, options, id));
}

/** Asks for a read and returns its number. */
export function readFrom(s: ExecutorClientState, env: Env<Message>, read: ReadRequest): number {
  const id = s.nextRead++;
  const pending = { read, sentAt: env.now, tries: 1, said: new Map(), full: new Map() };
  s.reads.set(id, pending);
  ask(s, env, id, pending);
  return id;
}

/** At first only as many as must agree, others each time; then everyone. */
function ask(s: ExecutorClientState, env: Env<Message>, id: number, { read, tries }: PendingRead): void {
  const { executors } = s.options;
  const count = tries > 1 ? executors.length : agreeing(s, read);
  // The designated one may not be among those asked, or not be honest.
  const isWhole = tries > 1 || count < executors.length;
  for (let i = 0; i < count; i++)
    env.send(executors[(id + i) % executors.length] as NodeId, {
      type: 'read',
      epoch: 0,
      id,
      isWhole,
      query: read.query,
    });
}

const agreeing = ({ options, quorums }: ExecutorClientState, { isLinearizable }: ReadRequest): number =>
  isLinearizable ? options.executors.length : quorums.vouching;

function receive(s: ExecutorClientState, env: Env<Message>, from: NodeId, m: Message): void {
  if (m.type === 'chain') return onChain(s, env, m.links);
  if (!s.options.executors.includes(from)) return;
  if (m.type === 'answer') onAnswer(s, env, from, m);
  if (m.type !== 'reply' && m.type !== 'reply-digest') return;
  if (m.domain !== s.options.domain || m.client !== s.options.client) return;
  const call = s.calls.get(m.seq);
  if (call === undefined) return;
  const isFull = m.type === 'reply';
  const digest = isFull ? s.options.keys.hash(m.reply) : m.digest;
  // Not by the slot: who is asked again answers from wherever it has come to.
  const bytes = isFull ? m.reply : null;
  const result = believed(call, from, toHex(digest), bytes, s.quorums.vouching);
  if (result === null) return;
  finish(s, env, m.seq, call, result);
}

/** Other order replicas take requests from here on, and perhaps more executors may lie. Executors stay, and so do their answers. */
function onChain(s: ExecutorClientState, env: Env<Message>, links: readonly Link[]): void {
  if (!adoptChain(s, links)) return;
  env.note({ kind: 'epoch', epoch: epochAt(s), members: s.members.join(' ') });
  for (const call of s.calls.values()) s.route.send(env, call.request, true, s.members);
}

/** Notes an answer; the bytes that `count` executors have agreed on, or null. */
function believed(
  { said, full }: Answers,
  from: NodeId,
  text: string,
  bytes: Uint8Array | null,
  count: number,
): Uint8Array | null {
  said.set(from, text);
  if (bytes !== null) full.set(text, bytes);
  let equal = 0;
  for (const other of said.values()) if (other === text) equal++;
  return equal < count ? null : (full.get(text) ?? null);
}

function finish(
  s: ExecutorClientState,
  env: Env<Message>,
  seq: number,
  call: Call,
  result: Uint8Array,
): void {
  if (call.readId === null) s.results.set(seq, result);
  else s.readResults.set(call.readId, result);
  noteResult(s, seq);
  env.note({ kind: 'result', seq });
}

function onAnswer(s: ExecutorClientState, env: Env<Message>, from: NodeId, m: Answer): void {
  const pending = s.reads.get(m.id);
  if (pending === undefined) return;
  const { hash } = s.options.keys;
  const isFull = m.answer !== null && equalBytes(hash(m.answer), m.result);
  const result = believed(
    pending,
    from,
    toHex(m.result),
    isFull ? m.answer : null,
    agreeing(s, pending.read),
  );
  if (result === null) {
    // All have answered, and differ: waiting longer would change nothing.
    if (pending.said.size === s.options.executors.length) askAgain(s, env, m.id, pending);
    return;
  }
  s.reads.delete(m.id);
  s.readResults.set(m.id, result);
  env.note({ kind: 'read', id: m.id, tries: pending.tries });
}

/** Sends again what is not answered: requests to everyone, since executors may have lost the connection, or the reply. */
function sendAgain(s: ExecutorClientState, env: Env<Message>): void {
  const { retransmitMs } = s.options;
  const late = [...s.calls.values()].filter(({ sentAt, waitMs }) => env.now - sentAt >= waitMs);
  const lateReads = [...s.reads].filter(([, { sentAt }]) => env.now - sentAt >= retransmitMs);
  if (late.length + lateReads.length > 0) attachEverywhere(s, env);
  // Those who took requests may have left.
  if (late.length > 0) askForChain(s, env);
  for (const call of late) {
    call.sentAt = env.now;
    call.waitMs = Math.min(2 * call.waitMs, MAX_BACKOFF * retransmitMs);
    s.route.send(env, call.request, true, s.members);
    for (const id of s.options.executors) env.send(id, { type: 'request', request: call.request });
  }
  for (const [id, pending] of lateReads) askAgain(s, env, id, pending);
}

/** One more try, or an ordered request in its place. */
function askAgain(s: ExecutorClientState, env: Env<Message>, id: number, pending: PendingRead): void {
  const { readTries = READ_TRIES, clientWindow } = s.options;
  pending.sentAt = env.now;
  pending.tries++;
  pending.said.clear();
  if (pending.tries <= readTries) ask(s, env, id, pending);
  else if (s.nextSeq <= s.acked + clientWindow) {
    s.reads.delete(id);
    submit(s, env, pending.read.ordered, id);
  }
}
