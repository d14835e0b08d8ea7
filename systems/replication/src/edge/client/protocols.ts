/**
 * The two protocols by which an outside client gets results, behind one face: replicas take requests and answer them
 * (../../client), or replicas, or the filter nodes before them, take them and executors answer (../../executor/client.ts). Each
 * says whom to be connected with: replicas change with the configuration, executors and filter nodes stay. Connections, a clock
 * and timers are the business of connect.ts.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { createSignatures, RuntimeError } from '@concordat/runtime';
import {
  type ClientOptions,
  type ClientRoute,
  type ClientState,
  call,
  createClient,
} from '../../client/client.ts';
import { abandon, takeLost } from '../../client/giving-up.ts';
import { read } from '../../client/reads.ts';
import type { ReplicaConfig } from '../../config.ts';
import { signAttach } from '../../executor/attach.ts';
import {
  callExecutors,
  createExecutorClient,
  type ExecutorClientState,
  readFrom,
} from '../../executor/client.ts';
import { type Configuration, configurationQuorums, memberIds } from '../../governance/configuration.ts';
import type { Message } from '../../replica/messages.ts';
import { contactIn, hostAndPort } from '../governance/contact.ts';
import { genesisOf, type MemberCard, type Membership } from '../host/membership.ts';
import { executorsIn, filtersIn, nodesIn } from '../host/stages.ts';
import type { ReplicaLinkOptions } from './replica-link.ts';

/** Where a node listens for clients, and what every connection to it begins with, if anything. */
export interface ClientPlace extends Pick<ReplicaLinkOptions, 'host' | 'port' | 'pin'> {
  readonly greeting?: () => Message;
}

/** Told whom to be connected with, and nobody else: before anything is sent to them, and again when they change. */
export type LinkTo = (places: ReadonlyMap<NodeId, ClientPlace>) => void;

/** What a protocol must know, whoever answers. */
export interface ClientSettings
  extends Pick<ClientOptions, 'keys' | 'domain' | 'client' | 'clientWindow' | 'retransmitMs'> {
  readonly membership: Membership;
  /** What its members begin with. */
  readonly first: ReplicaConfig;
  /** A later configuration that the client trusts. */
  readonly later?: Configuration;
  /** To filter nodes, where they are machines apart; otherwise requests go to the members, signed. */
  readonly route?: ClientRoute;
}

/** One client, started; each method is a part of a turn. */
export interface ClientProtocol {
  receive(env: Env<Message>, from: NodeId, message: Message): void;
  timeout(env: Env<Message>, name: string): void;
  /** Sends a request; its number, or null while too many are under way. */
  call(env: Env<Message>, body: Uint8Array): number | null;
  /** Nobody waits for the result of this request any more. */
  abandon(seq: number): void;
  /** Takes the abandoned requests that are under way no more. */
  takeLost(): readonly number[];
  /** Asks without order; its number. */
  ask(env: Env<Message>, query: Uint8Array): number;
  readonly hasCalls: boolean;
  /** The epoch of the configuration that it counts by. */
  readonly epoch: number;
  /** Takes the results of calls that are known now, by number. */
  takeResults(): ReadonlyMap<number, Uint8Array>;
  /** The same of what was asked; null where it has to be ordered. */
  takeAnswers(): ReadonlyMap<number, Uint8Array | null>;
}

const FRESH = { records: [], first: 0, whole: true, losses: 0 };

export function speakToReplicas(
  { membership, first, later, ...rest }: ClientSettings,
  linkTo: LinkTo,
  env: Env<Message>,
): ClientProtocol {
  const trusted = later ?? genesisOf(membership, first);
  const members = trusted === null ? first.members : memberIds(trusted);
  const process = createClient({
    ...rest,
    cluster: first.cluster,
    quorums: trusted === null ? first.quorums : configurationQuorums(trusted),
    members,
    ...(trusted && { followed: { trusted, verifyWith: createSignatures().verifyWith } }),
  });
  linkTo(placesUnder(membership, trusted, members));
  const s: ClientState = process.start(env, FRESH);
  return {
    receive: (e, from, message) => {
      const before = s.members;
      process.receive(s, e, from, message);
      if (s.members !== before) linkTo(placesUnder(membership, s.configuration, s.members));
    },
    timeout: (e, name) => process.timeout(s, e, name),
    call: (e, body) => call(s, e, body),
    abandon: (seq) => abandon(s, seq),
    takeLost: () => takeLost(s),
    ask: (e, query) => read(s, e, query),
    get hasCalls() {
      return s.calls.size > 0;
    },
    get epoch() {
      return s.configuration?.epoch ?? 0;
    },
    takeResults: () => takeAll(s.results),
    takeAnswers: () => takeAll(s.answers),
  };
}

/**
 * Where replicas listen for clients: by the configuration, or by their cards. A first member must listen, or the membership
 * is unusable; one that joins and does not is done without.
 */
function placesUnder(
  membership: Membership,
  configuration: Configuration | null,
  members: readonly NodeId[],
): Map<NodeId, ClientPlace> {
  const places = new Map<NodeId, ClientPlace>();
  for (const id of members) {
    const contact = configuration === null ? null : contactIn(configuration, id);
    const card = membership.members[id];
    if (contact !== null && contact.address !== '') {
      const { address, clientPort, pin } = contact;
      if (clientPort !== undefined)
        places.set(id, { host: hostAndPort(address).host, port: clientPort, pin });
    } else if (card !== undefined) places.set(id, placeOn(card));
  }
  return places;
}

function placeOn({ name, host, clientPort, pin }: MemberCard): ClientPlace {
  if (clientPort === undefined)
    throw new RuntimeError('bad-configuration', `${name} has no port for clients`);
  return { host, port: clientPort, pin };
}

/** As often as replicas are asked before a query is ordered. */
const READ_TRIES = 3;

export function speakToExecutors(
  { membership, first, later, keys, domain, client, clientWindow, retransmitMs, route }: ClientSettings,
  linkTo: LinkTo,
  env: Env<Message>,
): ClientProtocol {
  const { cluster } = first;
  const trusted = later ?? genesisOf(membership, first);
  const members = trusted === null ? first.members : memberIds(trusted);
  const executors = executorsIn(membership);
  const process = createExecutorClient({
    cluster,
    quorums: trusted === null ? first.quorums : configurationQuorums(trusted),
    members,
    ...(trusted && { followed: { trusted, verifyWith: createSignatures().verifyWith } }),
    executors,
    keys,
    domain,
    client,
    clientWindow,
    retransmitMs,
    readTries: READ_TRIES,
    ...(route && { route }),
  });
  const cardPlaces = (ids: readonly NodeId[]): [NodeId, ClientPlace][] =>
    [...nodesIn(membership)].filter(([id]) => ids.includes(id)).map(([id, card]) => [id, placeOn(card)]);
  const answering = cardPlaces(executors).map(([id, place]): [NodeId, ClientPlace] => {
    // Whenever a connection is made, it is this client's from the first message on: replies find it.
    return [id, { ...place, greeting: () => signAttach(keys, cluster, { domain, client }, id) }];
  });
  const linkBoth = (configuration: Configuration | null, ordering: readonly NodeId[]): void => {
    const asked =
      route === undefined
        ? placesUnder(membership, configuration, ordering)
        : new Map(cardPlaces(filtersIn(membership)));
    linkTo(new Map([...asked, ...answering]));
  };
  linkBoth(trusted, members);
  const s: ExecutorClientState = process.start(env, FRESH);
  return {
    receive: (e, from, message) => {
      const before = s.members;
      process.receive(s, e, from, message);
      if (s.members !== before) linkBoth(s.configuration, s.members);
    },
    timeout: (e, name) => process.timeout(s, e, name),
    call: (e, body) => callExecutors(s, e, body),
    abandon: (seq) => abandon(s, seq),
    takeLost: () => takeLost(s),
    // An operation that is a query has the same answer: both are frames of the service.
    ask: (e, query) => readFrom(s, e, { query, ordered: query, isLinearizable: true }),
    get hasCalls() {
      return s.calls.size > 0;
    },
    get epoch() {
      return s.configuration?.epoch ?? 0;
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
