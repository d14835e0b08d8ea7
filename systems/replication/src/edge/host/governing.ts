/**
 * What a member does about changes of its federation: it finds its place, takes its keys, keeps links to whoever belongs
 * to it, says when an epoch has begun, and puts commands into the log. Without admin keys in the cards nothing changes.
 */

import type { NodeId, Note } from '@concordat/kernel';
import type { Host, Identity, Logger, PeerAddress } from '@concordat/runtime';
import { equalBytes } from '@concordat/wire';
import { hasLeft } from '../../governance/chain.ts';
import type { Reconfigure } from '../../governance/command.ts';
import { type Configuration, delegateOf, memberIds } from '../../governance/configuration.ts';
import { configurationOf } from '../../governance/epochs.ts';
import type { Message } from '../../replica/messages.ts';
import type { Governed } from '../../replica/replica.ts';
import type { ReplicaState } from '../../replica/state.ts';
import { failed, type Outcome, unknown } from '../client/outcome.ts';
import type { CallOptions } from '../client/typed-client.ts';
import { contactIn, hostAndPort, nameIn } from '../governance/contact.ts';
import {
  type CommandEnd,
  type Commands,
  createCommands,
  governedBy,
  linkAll,
} from '../governance/following.ts';
import type { Keyring } from '../governance/keyring.ts';
import type { MemberHost } from './member-handle.ts';
import { domainOf, type MemberCard, type Membership, misplaced } from './membership.ts';
import { nodesIn } from './stages.ts';

/** What a member says of its federation. */
export interface Federation {
  /** 0 for the configuration that it began with. */
  readonly epoch: number;
  /** Names of those who order now. */
  readonly members: readonly string[];
  /** False while this one is yet to join, lacks its key, or has left; an executor is none. */
  readonly isMember: boolean;
  /** It was a member and never will be again: it may be closed. */
  readonly hasLeft: boolean;
}

/** A command was approved: its epoch begins once the checkpoint of `afterSlot` is stable. */
export interface Accepted {
  readonly epoch: number;
  readonly afterSlot: number;
}

export type Place = Pick<MemberCard, 'name' | 'host' | 'port' | 'clientPort'>;

/**
 * Which member an identity is, and where it listens: by the first membership, or by a later configuration. Throws
 * `bad-configuration` if it is none in either.
 */
export function placeIn(
  membership: Membership,
  identity: Pick<Identity, 'publicKey'>,
  later: Configuration | undefined,
  keyring: Keyring,
): { readonly self: NodeId; readonly card: Place } {
  // By any key that it has had, or will have: the later configuration may be one after a rotation.
  const joining = later?.members.find(
    ({ key }) => equalBytes(key, identity.publicKey) || keyring.find(key) !== null,
  );
  const known = joining === undefined ? domainOf(membership, identity.publicKey) : joining.id;
  const card = membership.members[known];
  if (card !== undefined) return { self: known, card };
  const contact = later === undefined ? null : contactIn(later, known);
  if (contact === null) throw misplaced(membership, known, 'member');
  const { name, address, clientPort } = contact;
  return {
    self: known,
    card: { name, ...hostAndPort(address), ...(clientPort !== undefined && { clientPort }) },
  };
}

/** What a node is called by the present configuration, or else by its card. */
export const nameOf = (configuration: Configuration, membership: Membership, id: NodeId): string =>
  delegateOf(configuration, id)?.contact.length
    ? nameIn(configuration, id)
    : (nodesIn(membership).get(id)?.name ?? `${id}`);

export function federationAt(s: ReplicaState, membership: Membership): Federation {
  const configuration = configurationOf(s);
  return {
    epoch: configuration.epoch,
    members: memberIds(configuration).map((id) => nameOf(configuration, membership, id)),
    isMember: s.isSeated,
    hasLeft: hasLeft(s),
  };
}

/** How a node of a kind sees its federation. */
export interface Outlook<S> {
  /** Whose members it is to be linked to, the present ones' last. */
  near(s: S): readonly Configuration[];
  federation(s: S, membership: Membership): Federation;
}

export const memberOutlook: Outlook<ReplicaState> = {
  near: (s) => [s.chain.at(-2)?.command.next ?? s.governance.genesis, configurationOf(s)],
  federation: federationAt,
};

export interface GoverningOptions {
  readonly membership: Membership;
  readonly self: NodeId;
  /** Null where the cards have no admin keys. */
  readonly genesis: Configuration | null;
  readonly keyring: Keyring;
  readonly later?: Configuration | undefined;
  readonly onEpoch?: ((federation: Federation) => void) | undefined;
  readonly logger: Logger;
}

export interface Governing<S = ReplicaState> {
  /** For the replica. */
  readonly governed?: Governed;
  /** To be told every note of the host. */
  onNote(note: Note): void;
  /** Links as the journal tells, and from then on as epochs begin. */
  follow(host: Host<S, Message>): void;
  /** Aborted when this member has left. */
  readonly left: AbortSignal;
  readonly commands: Commands;
}

export function createGoverning<S>(options: GoverningOptions, outlook: Outlook<S>): Governing<S> {
  const { membership, self, genesis, keyring, later = null, logger } = options;
  const commands = createCommands();
  const left = new AbortController();
  let followed: Host<S, Message> | null = null;
  const addressOf = (id: NodeId): PeerAddress | null => membership.members[id] ?? null;
  const look = (): void => {
    if (followed === null || genesis === null) return;
    linkAll(followed, outlook.near(followed.state), later, addressOf, (member, why) =>
      logger.error('cannot-link', { member, why }),
    );
    if (!outlook.federation(followed.state, membership).hasLeft) return;
    commands.abandon();
    left.abort();
  };
  const tell = (): void => {
    look();
    if (followed === null) return;
    const federation = outlook.federation(followed.state, membership);
    logger.info('epoch', { epoch: federation.epoch, isMember: federation.isMember });
    try {
      options.onEpoch?.(federation);
    } catch (error) {
      // The listener's bug is not the replica's: it goes on.
      logger.error('listener-threw', { error: String(error) });
    }
  };
  return {
    ...(genesis !== null && { governed: governedBy(genesis, self, keyring) }),
    onNote: (note) => {
      commands.onNote(note);
      // Within a turn: the links are for what follows it.
      if (note.kind === 'epoch') setImmediate(tell);
    },
    follow: (host) => {
      followed = host;
      look();
    },
    left: left.signal,
    commands,
  };
}

const PATIENCE_MS = 30_000;

export interface GovernParts {
  readonly host: MemberHost;
  readonly governing: Governing;
  readonly onceDurable: (action: () => void) => void;
  readonly closed: AbortSignal;
}

/** Submits a command, where there is governance, and waits for its verdict; never rejects. */
export function govern(
  { host, governing, onceDurable, closed }: GovernParts,
  command: Reconfigure,
  { signal, timeoutMs = PATIENCE_MS }: CallOptions = {},
): Promise<Outcome<Accepted>> {
  if (closed.aborted) return Promise.resolve(failed('closed'));
  if (signal?.aborted === true) return Promise.resolve(failed('aborted'));
  return new Promise((resolve) => {
    const end = (outcome: Outcome<Accepted>): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      closed.removeEventListener('abort', onClosed);
      resolve(outcome);
    };
    // It may have been ordered, and a command cannot be taken back.
    const onAbort = (): void => end(unknown('aborted'));
    const onClosed = (): void => end(unknown('closed'));
    const timer = setTimeout(() => end(unknown('timeout')), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    closed.addEventListener('abort', onClosed, { once: true });
    host.inject((s, env) =>
      governing.commands.submit(s, env, command, (ended) => onceDurable(() => end(outcomeOf(ended)))),
    );
  });
}

function outcomeOf(end: CommandEnd): Outcome<Accepted> {
  if (end === 'left') return unknown('closed');
  if (end === 'refused-here') return failed('busy', 'this is no member now, or too many commands wait');
  return end.accepted
    ? { status: 'ok', value: { epoch: end.epoch, afterSlot: end.afterSlot } }
    : failed('refused', end.reason);
}
