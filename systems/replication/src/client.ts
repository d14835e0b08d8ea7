/**
 * A client that is no member: it signs its requests with its domain's key, sends them to all replicas, and believes a
 * result when a vouching quorum says the same (UpRight, SOSP'09 section 4). Several requests may be outstanding; each
 * is sent again until it is answered. What a client does not learn may still have happened.
 */

import type { Keys } from '@concordat/crypto';
import type { Digest, Env, Millis, NodeId, Process } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import type { Quorums } from './fault-model.ts';
import type { Message } from './replica/messages.ts';
import { type Request, signRequest } from './request.ts';

export interface ClientOptions {
  readonly cluster: Digest;
  readonly quorums: Quorums;
  readonly keys: Keys;
  /** Whose key signs. */
  readonly domain: number;
  /** Larger than that of any earlier client of the domain; 0 is reserved. */
  readonly client: number;
  readonly clientWindow: number;
  readonly retransmitMs: Millis;
}

interface Call {
  readonly request: Request;
  sentAt: Millis;
  /** What each replica that answered says, as hexadecimal. */
  readonly replies: Map<NodeId, string>;
}

export interface ClientState {
  readonly options: ClientOptions;
  nextSeq: number;
  /** Results up to here are known. */
  acked: number;
  readonly calls: Map<number, Call>;
  /** Results that nobody has taken yet, by sequence number. */
  readonly results: Map<number, Uint8Array>;
}

const TICK = 'client/tick';

/** Submits an operation and returns its sequence number; null while too many are outstanding. */
export function call(s: ClientState, env: Env<Message>, body: Uint8Array): number | null {
  const { keys, cluster, domain, client, clientWindow } = s.options;
  if (s.nextSeq > s.acked + clientWindow) return null;
  const seq = s.nextSeq++;
  const { request } = signRequest(keys, cluster, { domain, client, seq, acked: s.acked, body });
  s.calls.set(seq, { request, sentAt: env.now, replies: new Map() });
  broadcast(s, env, request);
  return seq;
}

function broadcast(s: ClientState, env: Env<Message>, request: Request): void {
  const message: Message = { type: 'request', request };
  for (let id = 0; id < s.options.quorums.members; id++) env.send(id, message);
}

export function createClient(options: ClientOptions): Process<ClientState, Message> {
  return {
    start: (env) => {
      env.setTimer(TICK, options.retransmitMs);
      return { options, nextSeq: 1, acked: 0, calls: new Map(), results: new Map() };
    },
    receive: (s, env, from, m) => {
      if (m.type === 'reply' && m.domain === options.domain && m.client === options.client) {
        onReply(s, env, from, m.seq, m.reply);
      }
    },
    timeout: (s, env, timer) => {
      if (timer !== TICK) return;
      env.setTimer(TICK, options.retransmitMs);
      for (const pending of s.calls.values()) {
        if (env.now - pending.sentAt < options.retransmitMs) continue;
        pending.sentAt = env.now;
        broadcast(s, env, pending.request);
      }
    },
    settle: () => {},
  };
}

function onReply(s: ClientState, env: Env<Message>, from: NodeId, seq: number, reply: Uint8Array): void {
  const pending = s.calls.get(seq);
  if (pending === undefined || from >= s.options.quorums.members) return;
  const text = toHex(reply);
  pending.replies.set(from, text);
  let equal = 0;
  for (const other of pending.replies.values()) if (other === text) equal++;
  if (equal < s.options.quorums.vouching) return;
  s.calls.delete(seq);
  s.results.set(seq, reply);
  while (s.acked + 1 < s.nextSeq && !s.calls.has(s.acked + 1)) s.acked++;
  env.note({ kind: 'result', seq });
}
