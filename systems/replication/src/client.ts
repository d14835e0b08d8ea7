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

/** How a client's requests are authenticated, and whom they are sent to. */
export interface ClientRoute {
  seal(content: Omit<Request, 'signature'>): Request;
  /** @param isAgain true if it was sent before, in vain */
  send(env: Env<Message>, request: Request, isAgain: boolean): void;
}

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
  /** Signed and sent to every replica unless told otherwise. */
  readonly route?: ClientRoute;
}

interface Call {
  readonly request: Request;
  sentAt: Millis;
  /** What each replica that answered says, as hexadecimal. */
  readonly replies: Map<NodeId, string>;
}

export interface ClientState {
  readonly options: ClientOptions;
  readonly route: ClientRoute;
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
  const { domain, client, clientWindow } = s.options;
  if (s.nextSeq > s.acked + clientWindow) return null;
  const seq = s.nextSeq++;
  const request = s.route.seal({ domain, client, seq, acked: s.acked, body });
  s.calls.set(seq, { request, sentAt: env.now, replies: new Map() });
  s.route.send(env, request, false);
  return seq;
}

const signedToAll = ({ keys, cluster, quorums }: ClientOptions): ClientRoute => ({
  seal: (content) => signRequest(keys, cluster, content).request,
  send: (env, request) => {
    const message: Message = { type: 'request', request };
    for (let id = 0; id < quorums.members; id++) env.send(id, message);
  },
});

export function createClient(options: ClientOptions): Process<ClientState, Message> {
  return {
    start: (env) => {
      env.setTimer(TICK, options.retransmitMs);
      const route = options.route ?? signedToAll(options);
      return { options, route, nextSeq: 1, acked: 0, calls: new Map(), results: new Map() };
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
        s.route.send(env, pending.request, true);
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
