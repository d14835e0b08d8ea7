/**
 * A client that is no member. It signs its requests, sends them to all replicas, and takes whichever proof of a result comes
 * first: r + 1 equal committed replies (UpRight, SOSP 2009, section 4), or what speculative ordering lets it see by itself
 * (`speculative-paths.ts`). Several requests may be outstanding; each is sent again until it is answered. What a client does
 * not learn may still have happened.
 */

import type { Keys } from '@concordat/crypto';
import type { Digest, Env, Millis, NodeId, Process } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { Quorums } from '../fault-model.ts';
import type { Configuration } from '../governance/configuration.ts';
import type { Message } from '../replica/messages.ts';
import { type Request, signRequest } from '../request.ts';
import { askForChain, type Followed, onChain } from './configuration.ts';
import { type Numbered, noteResult, numbered } from './giving-up.ts';
import { onAnswer, type PendingRead, retryReads } from './reads.ts';
import {
  completeByCertificate,
  createSpeculativeCall,
  onLocalCommit,
  onSpecResponse,
  type SpeculativeCall,
} from './speculative-paths.ts';

/** How a client's requests are authenticated, and whom they are sent to. */
export interface ClientRoute {
  seal(content: Omit<Request, 'signature'>): Request;
  /** @param members the present ones @param isAgain true if it was sent before, in vain */
  send(env: Pick<Env<Message>, 'send'>, request: Request, isAgain: boolean, members: readonly NodeId[]): void;
}

export interface ClientOptions {
  readonly cluster: Digest;
  readonly quorums: Quorums;
  readonly members: readonly NodeId[];
  readonly keys: Keys;
  /** Whose key signs. */
  readonly domain: number;
  /** Larger than that of any earlier client of the domain; 0 is reserved. */
  readonly client: number;
  readonly clientWindow: number;
  readonly retransmitMs: Millis;
  /** How long all members may take to answer before a certificate of fewer is shown to them; 50 unless told. */
  readonly fastMs?: Millis;
  /** Without it the members are for ever those above. */
  readonly followed?: Followed;
  /** Signed and sent to every member unless told otherwise. */
  readonly route?: ClientRoute;
}

export interface Call {
  readonly request: Request;
  sentAt: Millis;
  /** What each replica that answered says. */
  readonly replies: Map<NodeId, Uint8Array>;
  readonly speculative: SpeculativeCall;
}

export interface ClientState extends Numbered {
  readonly options: ClientOptions;
  /** The latest that is known; null where the federation never changes. */
  configuration: Configuration | null;
  members: readonly NodeId[];
  quorums: Quorums;
  readonly route: ClientRoute;
  readonly calls: Map<number, Call>;
  /** Results that nobody has taken yet, by sequence number. */
  readonly results: Map<number, Uint8Array>;
  nextRead: number;
  readonly reads: Map<number, PendingRead>;
  /** Answers that nobody has taken yet, by the read's number; null where it has to be ordered. */
  readonly answers: Map<number, Uint8Array | null>;
  /** Places about which the primary was accused. */
  readonly accused: Set<string>;
}

const TICK = 'client/tick';
const FAST_MS = 50;

/** Submits an operation and returns its sequence number; null while too many are outstanding. */
export function call(s: ClientState, env: Env<Message>, body: Uint8Array): number | null {
  const { domain, client, clientWindow } = s.options;
  if (s.nextSeq > s.acked + clientWindow) return null;
  const seq = s.nextSeq++;
  const request = s.route.seal({ domain, client, seq, acked: s.acked, body });
  s.calls.set(seq, {
    request,
    sentAt: env.now,
    replies: new Map(),
    speculative: createSpeculativeCall(env.now),
  });
  s.route.send(env, request, false, s.members);
  return seq;
}

export const signedToAll = ({ keys, cluster }: Pick<ClientOptions, 'keys' | 'cluster'>): ClientRoute => ({
  seal: (content) => signRequest(keys, cluster, content).request,
  send: (env, request, _isAgain, members) => {
    for (const id of members) env.send(id, { type: 'request', request });
  },
});

export function broadcast(s: ClientState, env: Env<Message>, message: Message): void {
  for (const id of s.members) env.send(id, message);
}

export function createClient(options: ClientOptions): Process<ClientState, Message> {
  const tickMs = Math.min(options.retransmitMs, options.fastMs ?? FAST_MS);
  return {
    start: (env) => {
      env.setTimer(TICK, tickMs);
      return {
        options,
        configuration: options.followed?.trusted ?? null,
        members: options.members,
        quorums: options.quorums,
        route: options.route ?? signedToAll(options),
        ...numbered(),
        calls: new Map(),
        results: new Map(),
        nextRead: 1,
        reads: new Map(),
        answers: new Map(),
        accused: new Set(),
      };
    },
    receive,
    timeout: (s, env, timer) => {
      if (timer !== TICK) return;
      env.setTimer(TICK, tickMs);
      for (const pending of s.calls.values()) urge(s, env, pending);
      retryReads(s, env);
    },
    settle: () => {},
  };
}

/** Shows a certificate once not all seem to answer, and sends the request again when that does not help. */
function urge(s: ClientState, env: Env<Message>, pending: Call): void {
  if (env.now - pending.sentAt >= s.options.retransmitMs) {
    pending.sentAt = env.now;
    s.route.send(env, pending.request, true, s.members);
    askForChain(s, env);
  }
  completeByCertificate(s, env, pending, s.options.fastMs ?? FAST_MS);
}

function receive(s: ClientState, env: Env<Message>, from: NodeId, m: Message): void {
  if (m.type === 'chain') return onChain(s, env, m.links);
  if (!s.members.includes(from)) return;
  switch (m.type) {
    case 'reply':
      return isOwn(s, m) ? onReply(s, env, from, m.seq, m.reply) : undefined;
    case 'spec-response': {
      const pending = isOwn(s, m) ? s.calls.get(m.seq) : undefined;
      return pending === undefined ? undefined : onSpecResponse(s, env, from, pending, m);
    }
    case 'local-commit':
      for (const pending of s.calls.values()) onLocalCommit(s, env, from, pending, m);
      return;
    case 'answer':
      return onAnswer(s, from, m);
    default:
      return;
  }
}

const isOwn = ({ options }: ClientState, m: { readonly domain: number; readonly client: number }): boolean =>
  m.domain === options.domain && m.client === options.client;

function onReply(s: ClientState, env: Env<Message>, from: NodeId, seq: number, reply: Uint8Array): void {
  const pending = s.calls.get(seq);
  if (pending === undefined) return;
  pending.replies.set(from, reply);
  let equal = 0;
  for (const other of pending.replies.values()) if (other === reply || equalBytes(other, reply)) equal++;
  if (equal >= s.quorums.vouching) complete(s, env, seq, reply);
}

/** Notes a result that is proven. */
export function complete(s: ClientState, env: Env<Message>, seq: number, reply: Uint8Array): void {
  env.note({ kind: 'result', seq });
  s.results.set(seq, reply);
  noteResult(s, seq);
}
