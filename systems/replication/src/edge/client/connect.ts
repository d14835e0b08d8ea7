/**
 * A client outside the members: it trusts none of them alone. Each call is signed with the client's own key, goes to
 * all replicas, and is believed when r + 1 say the same (the protocol is ../../client.ts); this file only gives that
 * process connections, a clock and timers. A reply is its replica's, because the connection is to the key on its card,
 * or to the one that a later configuration, which is proven, names for a new member.
 */

import { randomBytes } from 'node:crypto';
import { assert, createPrng, type Env, FIRST_CONNECTION, type Millis, type NodeId } from '@concordat/kernel';
import { createKeys, createSignatures, type Identity, RuntimeError } from '@concordat/runtime';
import { type ClientState, call, createClient } from '../../client/client.ts';
import { read } from '../../client/reads.ts';
import { replicaConfig } from '../../config.ts';
import { type Configuration, configurationQuorums, memberIds } from '../../governance/configuration.ts';
import type { Message } from '../../replica/messages.ts';
import { contactIn, hostAndPort } from '../governance/contact.ts';
import { frameMessage } from '../host/client-port.ts';
import {
  checkMembership,
  clusterOf,
  compositionOf,
  domainOf,
  genesisOf,
  type Membership,
  publicKeysOf,
} from '../host/membership.ts';
import type { TypedService } from '../service/definition.ts';
import { createCallQueue } from './call-queue.ts';
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
   * takes along the calls that waited for it, so a small window makes for large requests: many calls, one signature.
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
  const clientWindow = options.clientWindow ?? CLIENT_WINDOW;
  const domain = domainOf(membership, identity.publicKey);
  const cluster = clusterOf(membership);
  const { faults, preset } = compositionOf(membership);
  const first = replicaConfig({ self: domain, cluster, faults, ...preset.settings });
  const trusted = options.later ?? genesisOf(membership, first);
  const process = createClient({
    cluster,
    quorums: trusted === null ? first.quorums : configurationQuorums(trusted),
    members: trusted === null ? first.members : memberIds(trusted),
    ...(trusted && { followed: { trusted, verifyWith: createSignatures().verifyWith } }),
    keys: createKeys({ self: domain, seed: identity.seed, publicKeys: publicKeysOf(membership) }),
    domain,
    client: nextClientNumber(),
    clientWindow,
    retransmitMs: options.retransmitMs ?? 500,
  });
  const queue = createCallQueue(clientWindow);
  const closed = new AbortController();
  const links = new Map<NodeId, ReplicaLink>();
  const timers = new Map<string, NodeJS.Timeout>();
  const env = createClientEnv(links, timers, (name) => {
    process.timeout(state, env, name);
    turn(0, []);
  });
  const state: ClientState = process.start(env, { records: [], first: 0, whole: true, losses: 0 });
  linkMembers(state.members);
  const asked = new Map<number, (answer: Uint8Array | null) => void>();
  let isScheduled = false;

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
      if (state.calls.size > 0 || queue.hasWaiting) return false;
      asked.set(read(state, env, query), answered);
      schedule();
      return true;
    },
  });
  return {
    ...client,
    get epoch() {
      return state.configuration?.epoch ?? 0;
    },
    close,
    [Symbol.asyncDispose]: close,
  };

  /** Calls these members from now on, and no others. */
  function linkMembers(ids: readonly NodeId[]): void {
    for (const [id, link] of links) {
      if (ids.includes(id)) continue;
      link.close();
      links.delete(id);
    }
    for (const id of ids) {
      const place = links.has(id) ? null : placeOf(membership, state.configuration, id);
      if (place === null) continue;
      const onMessages = (messages: readonly Message[]): void => turn(id, messages);
      links.set(id, createReplicaLink({ ...place, tls: identity.tls, onMessages }));
    }
  }

  /** PERF: calls of one moment leave in one write per replica. */
  function schedule(): void {
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
    const { members } = state;
    for (const message of messages) process.receive(state, env, from, message);
    if (state.members !== members) linkMembers(state.members);
    for (const [seq, reply] of state.results) queue.reply(seq, reply)();
    state.results.clear();
    for (const [id, answer] of state.answers) {
      asked.get(id)?.(answer);
      asked.delete(id);
    }
    state.answers.clear();
    queue.pump((body) => call(state, env, body));
    for (const link of links.values()) link.flush();
  }
}

/**
 * Where a replica listens for clients: by the configuration, or by its card. A first member must listen, or the membership
 * is unusable; one that joins and does not is done without.
 */
function placeOf(membership: Membership, configuration: Configuration | null, id: NodeId) {
  const contact = configuration === null ? null : contactIn(configuration, id);
  if (contact !== null && contact.address !== '') {
    const { address, clientPort, pin } = contact;
    return clientPort === undefined ? null : { host: hostAndPort(address).host, port: clientPort, pin };
  }
  const card = membership.members[id];
  if (card === undefined) return null;
  const { name, host, clientPort, pin } = card;
  if (clientPort === undefined)
    throw new RuntimeError('bad-configuration', `${name} has no port for clients`);
  return { host, port: clientPort, pin };
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
