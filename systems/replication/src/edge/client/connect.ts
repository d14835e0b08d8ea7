/**
 * A client outside the members: it trusts none of them alone. Each call is signed with the client's own key, goes to
 * all replicas, and is believed when r + 1 of them, or of the executors, say the same (protocols.ts); this file only gives
 * the protocol connections, a clock and timers. A reply is its sender's, because the connection is to the key on its card.
 */

import { randomBytes } from 'node:crypto';
import { assert, createPrng, type Env, FIRST_CONNECTION, type Millis, type NodeId } from '@concordat/kernel';
import { createKeys, type Identity, RuntimeError } from '@concordat/runtime';
import { firstMembers } from '../../config.ts';
import { signAttach } from '../../executor/attach.ts';
import { quorumsOf } from '../../fault-model.ts';
import type { Message } from '../../replica/messages.ts';
import { frameMessage } from '../host/client-port.ts';
import {
  checkMembership,
  clusterOf,
  compositionOf,
  domainOf,
  type Membership,
  publicKeysOf,
} from '../host/membership.ts';
import { executesApart, executorsIn, nodesIn } from '../host/stages.ts';
import type { TypedService } from '../service/definition.ts';
import { createCallQueue } from './call-queue.ts';
import { type ClientProtocol, speakToExecutors, speakToReplicas } from './protocols.ts';
import { createReplicaLink, type ReplicaLink } from './replica-link.ts';
import { createTypedClient, type TypedClient } from './typed-client.ts';

/** With the certificate of its links, if its card has their pin: replicas then know its connections. */
export type ClientIdentity = Pick<Identity, 'seed' | 'publicKey'> & Partial<Pick<Identity, 'tls'>>;

export interface ConnectOptions {
  readonly membership: Membership;
  /** Whose card is among the membership's clients. */
  readonly identity: ClientIdentity;
  /** Pause before a call without an outcome is sent again; 500 ms unless told (UpRight's). */
  readonly retransmitMs?: Millis;
  /**
   * Requests under way, 4 unless told, at most the members' `clientWindow` (64 unless they were told otherwise). Each
   * takes along the calls that waited for it, so a small window makes for large requests: many calls, one signature.
   */
  readonly clientWindow?: number;
}

export interface ServiceClient<I, O, QI, QO> extends TypedClient<I, O, QI, QO> {
  /** Calls without an outcome become `failed` if they were not sent, otherwise `unknown`. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const CLIENT_WINDOW = 4;

let lastNumber = 0;

/** Grows over the client's life and over restarts, and differs between clients of one key that start together. */
function nextClientNumber(): number {
  lastNumber = Math.max(lastNumber + 1, Date.now() * 1000 + (randomBytes(2).readUInt16BE(0) % 1000));
  return lastNumber;
}

/** Makes no connection before the first call. Throws `bad-configuration`. */
export function connectClient<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  options: ConnectOptions,
): ServiceClient<I, O, QI, QO> {
  const { membership, identity } = options;
  checkMembership(membership);
  const settings = settingsFrom(options);
  const queue = createCallQueue(settings.clientWindow);
  const closed = new AbortController();
  const executors = executorsIn(membership);
  const links = new Map<NodeId, ReplicaLink>();
  for (const [id, { name, host, clientPort, pin }] of nodesIn(membership)) {
    if (clientPort === undefined)
      throw new RuntimeError('bad-configuration', `${name} has no port for clients`);
    // Whenever a connection is made, it is this client's from the first message on: replies find it.
    const greeting = executors.includes(id) && {
      greeting: () => frameMessage(signAttach(settings.keys, settings.cluster, settings, id)),
    };
    const onMessages = (messages: readonly Message[]): void => turn(id, messages);
    const to = { host, port: clientPort, pin, tls: identity.tls, onMessages };
    links.set(id, createReplicaLink({ ...to, ...greeting }));
  }
  const timers = new Map<string, NodeJS.Timeout>();
  const env = createClientEnv(links, timers, (name) => {
    protocol.timeout(env, name);
    turn(0, []);
  });
  const protocol: ClientProtocol = executesApart(membership)
    ? speakToExecutors({ ...settings, executors }, env)
    : speakToReplicas(settings, env);
  const asked = new Map<number, (answer: Uint8Array | null) => void>();
  let isScheduled = false;
  let isUsed = false;

  const close = async (): Promise<void> => {
    closed.abort();
    for (const timer of timers.values()) clearTimeout(timer);
    for (const link of links.values()) link.close();
  };
  const client = createTypedClient(service, {
    closed: closed.signal,
    submit: (body, replied) => {
      const entry = queue.add(body, replied);
      if (entry !== null) schedule();
      return entry === null ? null : { withdraw: () => queue.withdraw(entry) };
    },
    ask: (query, answered) => {
      if (protocol.hasCalls || queue.hasWaiting) return false;
      // In vain, if one of those who must all answer is known to be away.
      if (executors.some((id) => links.get(id)?.isDown)) return false;
      asked.set(protocol.ask(env, query), answered);
      schedule();
      return true;
    },
  });
  return { ...client, close, [Symbol.asyncDispose]: close };

  /** PERF: calls of one moment leave in one write per replica. */
  function schedule(): void {
    isUsed = true;
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      turn(0, []);
    });
  }

  /** What arrived, then what the window has room for, then one write per replica. */
  function turn(from: number, messages: readonly Message[]): void {
    if (closed.signal.aborted) return;
    for (const message of messages) protocol.receive(env, from, message);
    for (const [seq, reply] of protocol.takeResults()) queue.reply(seq, reply)();
    for (const [id, answer] of protocol.takeAnswers()) {
      asked.get(id)?.(answer);
      asked.delete(id);
    }
    queue.pump((body) => protocol.call(env, body));
    if (isUsed) for (const link of links.values()) link.flush();
  }
}

/** What the protocol must know, whoever answers. */
function settingsFrom({ membership, identity, clientWindow, retransmitMs }: ConnectOptions) {
  const domain = domainOf(membership, identity.publicKey);
  const quorums = quorumsOf(compositionOf(membership).faults);
  return {
    cluster: clusterOf(membership),
    quorums,
    members: firstMembers(quorums),
    keys: createKeys({ self: domain, seed: identity.seed, publicKeys: publicKeysOf(membership) }),
    domain,
    client: nextClientNumber(),
    clientWindow: clientWindow ?? CLIENT_WINDOW,
    retransmitMs: retransmitMs ?? 500,
  };
}

function createClientEnv(
  links: ReadonlyMap<NodeId, ReplicaLink>,
  timers: Map<string, NodeJS.Timeout>,
  onTimeout: (name: string) => void,
): Env<Message> {
  let encoded: { readonly message: Message; readonly frame: Uint8Array } | null = null;
  const send = (to: number, message: Message): void => {
    // A broadcast is encoded once.
    if (encoded?.message !== message) encoded = { message, frame: frameMessage(message) };
    links.get(to)?.queue(encoded.frame);
  };
  const never = (): never => {
    throw new Error('a client keeps no journal and starts no jobs');
  };
  return {
    self: FIRST_CONNECTION,
    get now() {
      return performance.now();
    },
    random: createPrng(randomBytes(4).readUInt32BE(0)),
    secret: (sizeBytes) => new Uint8Array(randomBytes(sizeBytes)),
    send,
    sendEarly: send,
    close: () => {},
    mute: () => {},
    append: never,
    release: never,
    setTimer: (name, after) => {
      assert(!timers.has(name), 'a client sets each timer once it has fired');
      const timer = setTimeout(() => {
        timers.delete(name);
        onTimeout(name);
      }, after);
      timers.set(name, timer);
    },
    cancelTimer: (name) => {
      clearTimeout(timers.get(name));
      timers.delete(name);
    },
    offload: never,
    note: () => {},
  };
}
