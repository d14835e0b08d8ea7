/**
 * A client outside the members: it trusts none of them alone. Each call is signed with the client's own key, goes to
 * all replicas, and is believed when r + 1 of them, or of the executors, say the same (protocols.ts); this file only gives
 * the protocol connections, a clock and timers. A reply is its sender's, because the connection is to the key on its card, or
 * to the one that a later configuration, which is proven, names for a new member.
 */

import { randomBytes } from 'node:crypto';
import { assert, createPrng, type Env, FIRST_CONNECTION, type Millis, type NodeId } from '@concordat/kernel';
import { createKeys, type Identity } from '@concordat/runtime';
import { replicaConfig } from '../../config.ts';
import type { Configuration } from '../../governance/configuration.ts';
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
import { executesApart, executorsIn } from '../host/stages.ts';
import type { TypedService } from '../service/definition.ts';
import { createCallQueue } from './call-queue.ts';
import {
  type ClientPlace,
  type ClientProtocol,
  type ClientSettings,
  speakToExecutors,
  speakToReplicas,
} from './protocols.ts';
import { createReplicaLink, type ReplicaLink } from './replica-link.ts';
import { createTypedClient, type TypedClient } from './typed-client.ts';

/** With the certificate of its links, if its card has their pin: replicas then know its connections. */
export type ClientIdentity = Pick<Identity, 'seed' | 'publicKey'> & Partial<Pick<Identity, 'tls'>>;

export interface ConnectOptions {
  readonly membership: Membership;
  /** Whose card is among the membership's clients. */
  readonly identity: ClientIdentity;
  /** A later configuration that it trusts: for when none of the first members may be there any more. */
  readonly later?: Configuration;
  /** Pause before a call without an outcome is sent again; 500 ms unless told (UpRight's). */
  readonly retransmitMs?: Millis;
  /**
   * Requests under way, 4 unless told, at most the members' `clientWindow` (64 unless they were told otherwise). Each
   * takes along the calls that waited for it, so a small window makes for large requests: many calls, one signature. Replicas
   * keep 16 MiB of replies that a client has not acknowledged; what a wider window leaves beyond, they may have dropped when
   * they are asked again, and its calls time out as `unknown`.
   */
  readonly clientWindow?: number;
}

export interface ServiceClient<I, O, QI, QO> extends TypedClient<I, O, QI, QO> {
  /** The epoch of the configuration that it knows; it follows when a call takes long. */
  readonly epoch: number;
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
  const queue = createCallQueue(settings.clientWindow, (seq) => {
    protocol.abandon(seq);
    schedule();
  });
  const closed = new AbortController();
  const executors = executorsIn(membership);
  const links = new Map<NodeId, ReplicaLink>();
  const timers = new Map<string, NodeJS.Timeout>();
  const env = createClientEnv(links, timers, (name) => {
    protocol.timeout(env, name);
    turn(0, []);
  });
  const protocol: ClientProtocol = executesApart(membership)
    ? speakToExecutors(settings, linkTo, env)
    : speakToReplicas(settings, linkTo, env);
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
  return {
    ...client,
    get epoch() {
      return protocol.epoch;
    },
    close,
    [Symbol.asyncDispose]: close,
  };

  /** Has connections with these from now on, and with no others. */
  function linkTo(places: ReadonlyMap<NodeId, ClientPlace>): void {
    for (const [id, link] of links) {
      if (places.has(id)) continue;
      link.close();
      links.delete(id);
    }
    for (const [id, { greeting, ...place }] of places) {
      if (links.has(id)) continue;
      const onMessages = (messages: readonly Message[]): void => turn(id, messages);
      const greet = greeting && { greeting: () => frameMessage(greeting()) };
      links.set(id, createReplicaLink({ ...place, tls: identity.tls, onMessages, ...greet }));
    }
  }

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
    for (const seq of protocol.takeLost()) queue.lose(seq);
    for (const [id, answer] of protocol.takeAnswers()) {
      asked.get(id)?.(answer);
      asked.delete(id);
    }
    queue.pump((body) => protocol.call(env, body));
    if (isUsed) for (const link of links.values()) link.flush();
  }
}

/** What the protocol must know, whoever answers. */
function settingsFrom(options: ConnectOptions): ClientSettings {
  const { membership, identity, later, clientWindow, retransmitMs } = options;
  const domain = domainOf(membership, identity.publicKey);
  const cluster = clusterOf(membership);
  const { faults, preset } = compositionOf(membership);
  return {
    membership,
    ...(later && { later }),
    first: replicaConfig({ self: domain, cluster, faults, ...preset.settings }),
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
