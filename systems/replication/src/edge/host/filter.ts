/**
 * One filter node of a replicated service in this process (../../admission/filter), where these are machines apart from the
 * members: it has requests of executors and outside clients on disk before anybody orders them, vouches for them to the
 * members, and gives their bodies to executors. It holds no state of the service, so its own process has nobody to call here.
 */

import { assert, type NodeId } from '@concordat/kernel';
import {
  createHost,
  createKeys,
  createLogger,
  type Host,
  type Identity,
  type RuntimeKeys,
} from '@concordat/runtime';
import { createFilter } from '../../admission/filter/filter.ts';
import {
  type FilterOptions,
  type FilterState,
  filterSettings,
  presumedPrimary,
  presumedView,
} from '../../admission/filter/state.ts';
import { type ReplicaConfig, type ReplicaSettings, replicaConfig } from '../../config.ts';
import { ungoverned } from '../../governance/configuration.ts';
import { admittedAhead } from '../../pool.ts';
import type { Message } from '../../replica/messages.ts';
import type { TypedService } from '../service/definition.ts';
import { pairKeysFor } from './filter-node.ts';
import { filterFraming } from './filter-port.ts';
import { listenersFor, type MemberOptions, memberCodec, peersOf, placeOf } from './member.ts';
import { handleOn, type Member, type MemberStatus, unchanging } from './member-handle.ts';
import {
  clusterOf,
  compositionOf,
  domainOf,
  type MemberCard,
  type Membership,
  misplaced,
  publicKeysOf,
} from './membership.ts';
import { filteringOnly } from './own-client.ts';
import { executorsIn, filtersIn, firstClientOf, isFilter, nodesIn } from './stages.ts';

/**
 * Binds the ports and starts; its card is among the membership's filter nodes. The service is not run here: it says what the
 * handle's calls would be. Rejects with a `RuntimeError`: `bad-configuration`, `port-failed`.
 */
export async function startFilter<I, O, QI, QO, E>(
  _service: TypedService<I, O, QI, QO, E>,
  options: MemberOptions<E>,
): Promise<Member<I, O, QI, QO>> {
  const { membership, identity, journal } = options;
  const place = await placeOf(options, (known) => filterAt(known, identity, options.settings));
  const { self, card, order, first, end } = place;
  const host = await createHost({
    self,
    process: createFilter(place.options),
    codec: memberCodec,
    keys: place.keys,
    journal,
    members: { self, listen: card, tls: identity.tls, peers: peersOf(membership, self) },
    listeners: listenersFor(card, identity, filterFraming(first, end)),
    logger: (options.logger ?? createLogger()).with({ filter: card.name }),
    ...(options.metrics && { metrics: options.metrics }),
  });
  measure(host);
  const status = (): MemberStatus => statusOf(host, membership);
  return {
    ...filteringOnly<I, O, QI, QO>(),
    ...handleOn(
      host,
      status,
      unchanging(() => ungoverned(order)),
    ),
  };
}

/** Which filter node an identity is, where it listens, and what it must know. */
export interface FilterPlace {
  readonly self: NodeId;
  readonly card: MemberCard;
  readonly keys: RuntimeKeys;
  /** What the members agree on. */
  readonly order: ReplicaConfig;
  readonly options: FilterOptions;
  /** Outside clients have the domains from here to below `end`. */
  readonly first: number;
  readonly end: number;
}

/** Throws `bad-configuration` where the key is on no filter node's card. */
export function filterAt(
  membership: Membership,
  { seed, publicKey }: Identity,
  settings: Partial<ReplicaSettings> = {},
): FilterPlace {
  const self = domainOf(membership, publicKey);
  const card = isFilter(membership, publicKey) ? nodesIn(membership).get(self) : undefined;
  if (card === undefined) throw misplaced(membership, self, 'filter node');
  const identities = { seed, publicKeys: publicKeysOf(membership) };
  const keys = createKeys({ self, ...identities });
  const { preset, faults } = compositionOf(membership);
  const cluster = clusterOf(membership);
  const order = replicaConfig({ self: 0, cluster, faults, ...preset.settings, ...settings });
  const pair = pairKeysFor(order, identities);
  assert(pair !== undefined, 'filter nodes are where requests are authenticated to them');
  const filter = filtersIn(membership).indexOf(self);
  const first = firstClientOf(membership);
  const end = first + (membership.clients ?? []).length;
  const submitters = submittersIn(membership, first, end);
  const options = { ...optionsBeside(order), filter, hash: keys.hash, pair, submitters };
  return { self, card, keys, order, options, first, end };
}

/** What a filter node has in common with the members that it vouches to. */
const optionsBeside = (order: ReplicaConfig): Omit<FilterOptions, 'filter' | 'hash' | 'pair'> => ({
  ...filterSettings,
  cluster: order.cluster,
  quorums: order.quorums,
  members: order.members,
  executors: order.executors,
  learners: order.learners,
  clientWindow: admittedAhead(order),
  domainBytes: order.domainBytes,
});

/** Members ask nothing: they only order. */
const submittersIn = (membership: Membership, first: number, end: number): ReadonlySet<NodeId> =>
  new Set([...executorsIn(membership), ...Array.from({ length: end - first }, (_, i) => first + i)]);

/** Bytes of what it keeps, as its domains are charged. */
const keptBytes = ({ domainBytes, retainedBytes }: FilterState): number =>
  [domainBytes, retainedBytes].flat().reduce((sum, bytes) => sum + bytes, 0);

function measure({ metrics, state }: Host<FilterState, Message>): void {
  metrics.gauge('concordat_filter_requests', 'Requests that are kept.', () => state.log.size);
  metrics.gauge('concordat_filter_bytes', 'Bytes of requests that are kept.', () => keptBytes(state));
}

function statusOf(host: Host<FilterState, Message>, membership: Membership): MemberStatus {
  const { state, linked } = host;
  const { members } = state.options;
  const nodes = nodesIn(membership);
  const nameOf = (id: number): string => nodes.get(id)?.name ?? `${id}`;
  return {
    epoch: 0,
    members: members.map(nameOf),
    isMember: false,
    hasLeft: false,
    name: nameOf(filtersIn(membership)[state.options.filter] as NodeId),
    view: presumedView(state),
    primary: nameOf(presumedPrimary(state)),
    executed: 0,
    stable: 0,
    behindMs: 0,
    mayVote: true,
    keeps: { requests: state.log.size, bytes: keptBytes(state) },
    linked: linked.map(nameOf),
  };
}
