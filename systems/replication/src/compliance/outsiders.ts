/**
 * Clients that are no members, of a cluster whose requests pass filter nodes: honest ones, and ones that send what they
 * like to whom they like, in the name of their own domain.
 */

import { createModelKeys, modelHash } from '@concordat/crypto';
import { type Env, FIRST_CONNECTION, type NodeId, type Process } from '@concordat/kernel';
import { filterRoute } from '../admission/client-route.ts';
import { filterId } from '../admission/request-quorum/filters.ts';
import { type ClientRoute, type ClientState, call, createClient } from '../client/client.ts';
import { firstMembers } from '../config.ts';
import { quorumsOf } from '../fault-model.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import type { Message } from '../replica/messages.ts';
import type { Request } from '../request.ts';
import { CLUSTER_ID, type Cluster, type ClusterOptions, pairOf } from './cluster.ts';

const codec = { encode: encodeMessage, decode: decodeMessage };

export interface Outsider {
  readonly id: NodeId;
  readonly domain: number;
  readonly client: number;
}

/** The `index`-th client from outside; its domain and number follow from it. */
export const outsider = (cluster: Cluster, index: number): Outsider => ({
  id: FIRST_CONNECTION + index,
  domain: index % cluster.members,
  client: 1_000_000 + index,
});

function routeOf(
  options: Pick<ClusterOptions, 'seed' | 'faults' | 'macsOf'>,
  { id, domain }: Outsider,
): ClientRoute {
  const quorums = quorumsOf(options.faults);
  const members = firstMembers(quorums);
  const pair = pairOf(options, members, domain, id);
  return filterRoute({ cluster: CLUSTER_ID, quorums, members, hash: modelHash, pair, domain });
}

/** Adds an honest client; its calls are made with `callAs`. */
export function addClient({ world, members }: Cluster, options: ClusterOptions, who: Outsider): void {
  const quorums = quorumsOf(options.faults);
  const process = createClient({
    cluster: CLUSTER_ID,
    quorums,
    members: firstMembers(quorums),
    keys: createModelKeys(members, options.seed)(who.domain),
    domain: who.domain,
    client: who.client,
    clientWindow: 8,
    retransmitMs: 500,
    route: routeOf(options, who),
  });
  world.add({ id: who.id, process, link: 'connection', codec });
}

export const callAs = ({ world }: Cluster, { id }: Outsider, body: Uint8Array): void =>
  world.call(id, (s: ClientState, env: Env<Message>) => void call(s, env, body));

export const resultsOf = ({ world }: Cluster, { id }: Outsider): ReadonlyMap<number, Uint8Array> =>
  world.stateOf<ClientState>(id).results;

const silent: Process<null, Message> = {
  start: () => null,
  receive: () => {},
  timeout: () => {},
  settle: () => {},
};

/** Adds a client that says only what it is made to say, and returns how: a request, once, to some filter nodes; twisted. */
export function addRogue(
  { world }: Pick<Cluster, 'world'>,
  options: Pick<ClusterOptions, 'seed' | 'faults' | 'macsOf'>,
  who: Outsider,
  twist: (m: Message) => Message = (m) => m,
  route = routeOf(options, who),
): (seq: number, body: Uint8Array, filters: readonly number[]) => void {
  const { id, domain, client } = who;
  world.add({ id, process: silent, link: 'connection', codec });
  return (seq, body, filters) => {
    const chosen = new Set(filters.map(filterId));
    const request: Request = route.seal({ domain, client, seq, acked: 0, body });
    world.call(id, (_s: null, env: Env<Message>) => {
      const some: Env<Message> = {
        ...env,
        send: (to, m) => (chosen.has(to) ? env.send(to, twist(m)) : undefined),
      };
      route.send(some, request, true, []);
    });
  };
}
