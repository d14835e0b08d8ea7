/**
 * One member of a replicated service in this process: the replica with its journal and links, the port of outside
 * clients, and the typed client of its own process. What a daemon is for the keeper, as a library.
 */

import type { ExposedBatch, MessageCodec, Millis, NodeId } from '@concordat/kernel';
import {
  createHost,
  createKeys,
  createLogger,
  type Framing,
  type Identity,
  type Journal,
  type Listener,
  type Logger,
  type Metrics,
  type PeerAddress,
} from '@concordat/runtime';
import { createReader } from '@concordat/wire';
import { ordersReferences, type ReplicaSettings, replicaConfig } from '../../config.ts';
import type { Configuration } from '../../governance/configuration.ts';
import { decodeMessage, encodeMessage } from '../../replica/codec.ts';
import type { Message } from '../../replica/messages.ts';
import { createReplica } from '../../replica/replica.ts';
import { createMemoryKeyring, type Keyring } from '../governance/keyring.ts';
import type { TypedService } from '../service/definition.ts';
import { CLIENT_PROTOCOL, replicaFraming } from './client-port.ts';
import { watchDurability } from './durability.ts';
import { pairKeysFor, withFilterNode } from './filter-node.ts';
import { createGoverning, type Federation, memberOutlook, type Place, placeIn } from './governing.ts';
import { handleOf, type Member } from './member-handle.ts';
import {
  checkMembership,
  clientPins,
  clusterOf,
  compositionOf,
  genesisOf,
  type Membership,
  publicKeysOf,
} from './membership.ts';
import { replicaLog, withOwnCalls } from './own-calls.ts';
import { createOwnClient, endOf, orderingOnly } from './own-client.ts';
import { firstClientOf, nodesIn } from './stages.ts';

export interface MemberOptions<E> {
  readonly membership: Membership;
  /** Whose card is in the membership, or whose key is in `later`. */
  readonly identity: Identity;
  /** The keys that it takes when it changes its own; in memory unless told. */
  readonly keyring?: Keyring;
  /**
   * A later configuration that its operator trusts to say whom to link to: for a member that is to join, and for one that
   * was away until it knew nobody. What is in force is proven by the chain from the membership on.
   */
  readonly later?: Configuration;
  /** Told when an epoch has begun here. One that has left may close the member; it answers no calls any more. */
  readonly onEpoch?: (federation: Federation) => void;
  /** Opened for this member, which closes it. */
  readonly journal: Journal;
  /**
   * Told of the service's events that became exposed here, in order; those of batches that were skipped are not. A member that
   * only orders has none to tell.
   */
  readonly onEvent?: (event: E, at: { readonly slot: number; readonly time: Millis }) => void;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** Timeouts and sizes; the same at all members. */
  readonly settings?: Partial<ReplicaSettings>;
}

/** Binds the ports and starts. Rejects with a `RuntimeError`: `bad-configuration`, `port-failed`. */
export async function startMember<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  options: MemberOptions<E>,
): Promise<Member<I, O, QI, QO>> {
  const { membership, identity } = options;
  const { keyring = createMemoryKeyring(identity) } = options;
  const { self, card } = await placeOf(options, (known) => placeIn(known, identity, options.later, keyring));
  const logger = (options.logger ?? createLogger()).with({ member: card.name });
  const identities = { seed: identity.seed, publicKeys: publicKeysOf(membership) };
  const keys = createKeys({ self, ...identities });
  const composition = compositionOf(membership);
  const config = replicaConfig({
    self,
    cluster: clusterOf(membership),
    faults: composition.faults,
    ...composition.preset.settings,
    ...options.settings,
  });
  const pair = pairKeysFor(config, identities);
  const { later, onEpoch } = options;
  const genesis = genesisOf(membership, config);
  const followed = { membership, self, genesis, keyring, later, onEpoch, logger };
  const governing = createGoverning(followed, memberOutlook);
  const { governed } = governing;
  const replica = createReplica({
    config,
    keys,
    ...(pair && { pair }),
    ...(governed && { governed }),
    createService: (version) =>
      service.create({ hash: keys.hash, onThrow: throwTeller(logger), ...(version && { version }) }),
  });
  const { journal, onceDurable } = watchDurability(options.journal);
  const onBatch = eventTeller(service, options, logger);
  const { queue, process, ask } = withOwnCalls(replica, replicaLog, { onceDurable, onBatch });
  // Without a change to come it has a filter node from the start or never; what orders references has none beside it.
  const mayFilter = !ordersReferences(config) && (pair !== undefined || governed !== undefined);
  const host = await createHost({
    self,
    process: mayFilter ? withFilterNode(process, keys) : process,
    codec: memberCodec,
    keys,
    journal,
    members: { self, listen: card, tls: identity.tls, peers: peersOf(membership, self) },
    // Clients ask filter nodes where there are some, and not members.
    listeners: ordersReferences(config) ? [] : clientListeners(membership, card, identity),
    logger,
    onNote: governing.onNote,
    ...(options.metrics && { metrics: options.metrics }),
  });
  governing.follow(host);
  const closed = endOf(host);
  // Others order no more for one that has left.
  const own = config.executes
    ? createOwnClient(service, host, { queue, ask }, { closed, left: governing.left })
    : orderingOnly<I, O, QI, QO>();
  return { ...own, ...handleOf({ host, governing, onceDurable, closed }, membership, keyring) };
}

/** Which node this is. Its journal is let go of when `find` throws, like by a host that cannot start. */
export async function placeOf<E, P>(
  { membership, journal }: MemberOptions<E>,
  find: (membership: Membership) => P,
): Promise<P> {
  try {
    checkMembership(membership);
    return find(membership);
  } catch (error) {
    await journal.abandon();
    throw error;
  }
}

/** The service's bugs, for whoever wrote it. */
export const throwTeller =
  (logger: Logger) =>
  (operation: string, error: unknown): void =>
    logger.error('operation-threw', {
      operation,
      error: error instanceof Error ? `${error.stack}` : `${error}`,
    });

/** Between members. Outside clients have their own port and framing. */
export const memberCodec: MessageCodec<Message> = { encode: encodeMessage, decode: decodeMessage };

export const peersOf = (membership: Membership, self: NodeId): Map<NodeId, PeerAddress> =>
  new Map([...nodesIn(membership)].filter(([id]) => id !== self));

/** Addresses are told apart by many clients behind one, so only the total is bounded tightly. */
const CONNECTIONS_MAX = 4096;

export function clientListeners(
  membership: Membership,
  card: Place,
  identity: Identity,
): Listener<Message>[] {
  const first = firstClientOf(membership);
  const end = first + (membership.clients ?? []).length;
  return listenersFor(card, identity, replicaFraming(first, end, clientPins(membership)));
}

/** The port of outside clients, if its card has one. */
export function listenersFor(
  card: Place,
  identity: Identity,
  framing: Framing<Message>,
): Listener<Message>[] {
  if (card.clientPort === undefined) return [];
  const limits = { connectionsMax: CONNECTIONS_MAX, connectionsPerAddress: CONNECTIONS_MAX };
  // With the certificate that the card pins: a client knows who answers.
  const tls = { identity: identity.tls, protocol: CLIENT_PROTOCOL, asksWho: true };
  return [{ name: 'clients', host: card.host, port: card.clientPort, framing, limits, tls }];
}

export function eventTeller<I, O, QI, QO, E>(
  { event }: TypedService<I, O, QI, QO, E>,
  { onEvent }: MemberOptions<E>,
  logger: Logger,
): (batch: ExposedBatch) => void {
  if (event === null || onEvent === undefined) return () => {};
  return ({ slot, time, events }) => {
    for (const bytes of events) {
      const reader = createReader(bytes);
      const value = event.read(reader);
      if (reader.finish(true) === null) continue;
      try {
        onEvent(value, { slot, time });
      } catch (error) {
        // The listener's bug is not the replica's: it goes on.
        logger.error('listener-threw', { error: String(error) });
      }
    }
  };
}
