/**
 * One kernel process in one operating-system process: its journal, links, client ports, timers and workers. All
 * events of the outside become turns (turns.ts); everything here is wiring.
 */

import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { Keys } from '@concordat/crypto';
import {
  createPrng,
  type Env,
  FIRST_CONNECTION,
  type MessageCodec,
  type Millis,
  type NodeId,
  type Note,
  type Process,
  type Progress,
} from '@concordat/kernel';
import type { RuntimeKeys } from '../crypto/keys.ts';
import type { Journal } from '../journal/journal.ts';
import { createLinks, type Links, type MembersOptions, type PeerAddress } from '../links/links.ts';
import type { Peer } from '../links/peer.ts';
import type { Connection } from '../listeners/connection.ts';
import { createPort, type Listener, type Port } from '../listeners/listener.ts';
import { createLogger, type Logger } from '../logs/logger.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import type { Account } from '../peers/accounts.ts';
import type { PeerContact } from '../peers/book.ts';
import { observePeers } from '../peers/figures.ts';
import { createPeers, type Peers, type PeersOptions } from '../peers/peers.ts';
import { createClock } from './clock.ts';
import type { Source } from './inbox.ts';
import { observeHost } from './observe.ts';
import { createOffload } from './offload.ts';
import { type Exit, startTurnLoop, type TurnLoop } from './turns.ts';

export interface HostOptions<S, M> {
  readonly self: NodeId;
  readonly process: Process<S, M>;
  readonly codec: MessageCodec<M>;
  /** For offloaded verifications; those of `createKeys` can also be checked in a worker. */
  readonly keys: Keys | RuntimeKeys;
  /** Opened for this host, which closes it, also when it cannot start. */
  readonly journal: Journal;
  readonly members?: MembersOptions;
  /** Linked when something is to be said. Nobody is a member and a peer. */
  readonly peers?: PeersOptions;
  readonly listeners?: readonly Listener<M>[];
  readonly onNote?: (note: Note) => void;
  /** How much of its journal the process has read. Links and ports are bound, and whoever calls is turned away. */
  readonly onStarting?: (progress: Progress) => void;
  readonly onHalt?: (error: Error) => void;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  /** The process's invariants are checked every so many turns; 1024 unless told, 0 for never. */
  readonly invariantsEvery?: number;
}

export interface Host<S, M> {
  readonly state: S;
  readonly metrics: Metrics;
  /** Where members and peers listen (`members`, `peers`), and each listener by its name. */
  readonly addresses: ReadonlyMap<string, AddressInfo>;
  /** How far its clock, which never goes back, is ahead of the system's, which was set back. */
  ahead(): Millis;
  /** Members and peers whose link is up. */
  readonly linked: readonly NodeId[];
  /** Links to another member from now on, as `members` does from the start. */
  addMember(id: NodeId, address: PeerAddress): void;
  /** Ends the link to a member: what is sent to it from now on is lost. */
  removeMember(id: NodeId): void;
  /** Makes a peer known, or known by another contact; nothing happens until somebody sends. Throws `bad-configuration`. */
  addPeer(id: NodeId, contact: PeerContact): void;
  /** Forgets a peer: its link breaks, and what is sent to it from now on is lost. */
  removePeer(id: NodeId): void;
  /** Be reached through these, two at once, the better ones first; those without a place are tried when one is lost. */
  useRelays(relays: readonly NodeId[]): void;
  /** Those that reach it now. */
  readonly relays: readonly NodeId[];
  /** Bytes that left for a peer, TLS and handshakes included, since it is known. */
  uploadedTo(id: NodeId): number;
  /** The same for all peers together, ever. */
  readonly uploaded: number;
  /** Accepts no further connections at its listeners; those that are there go on. */
  stopListening(): void;
  /** Runs `action` within a turn of its own or together with what has arrived; never at once. */
  inject(action: (state: S, env: Env<M>) => void): void;
  /** Resolves once all that the process has appended by now is durable; with false if it never will be. */
  durable(): Promise<boolean>;
  /** Resolves with the error when the process halts, or with null after `close`. */
  readonly halted: Promise<Error | null>;
  /** Stops at once, as after a failed assertion: nothing more is sent or written. */
  halt(error: Error): void;
  /** A last turn, durable, what it sends flushed; then everything is closed and the journal unlocked. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What has been bound so far. */
interface Bound<M> {
  links: Links | null;
  peers: Peers<M> | null;
}

/** From here on others are heard. */
function openAll<M>({ links, peers }: Bound<M>, ports: readonly Port[]): void {
  links?.open();
  peers?.open();
  for (const port of ports) port.open();
}

/** The process has read what its journal recovered: here nobody needs it any more. */
function tellStart(logger: Logger, journal: Journal): void {
  logger.info('started', { whole: journal.recovered.whole, records: journal.recovered.records.length });
  journal.forgetRecovered();
}

const upIn = <M>({ links, peers }: Bound<M>): NodeId[] => [
  ...[...(links?.peers.values() ?? [])].filter((peer) => peer.isUp).map((peer) => peer.id),
  ...(peers?.linked ?? []),
];

const bytesOf = (account: Readonly<Account> | undefined): number =>
  account === undefined ? 0 : account.payloadBytes + account.overheadBytes;

/** The randomness of one life of a process. */
const createDice = () => ({
  random: createPrng(randomBytes(4).readUInt32BE(0)),
  secret: (sizeBytes: number) => new Uint8Array(randomBytes(sizeBytes)),
});

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Whoever asks again gets what was begun. */
function once<T>(begin: () => T): () => T {
  let begun: { readonly result: T } | null = null;
  return () => {
    begun ??= { result: begin() };
    return begun.result;
  };
}

function stopAll(ports: readonly Port[]): void {
  for (const port of ports) port.stop();
}

/** Binds the ports, then starts the process. Rejects with `port-failed`, `bad-configuration`, or what `start` throws. */
export async function createHost<S, M>(options: HostOptions<S, M>): Promise<Host<S, M>> {
  const { self, codec, journal, metrics = createMetrics() } = options;
  const logger = (options.logger ?? createLogger()).with({ node: self });
  const observer = observeHost(metrics, logger, options.onNote);
  const exits = new Map<NodeId, Exit<M>>();
  const addresses = new Map<string, AddressInfo>();
  const ports: Port[] = [];
  const bound: Bound<M> = { links: null, peers: null };
  const clock = createClock();
  let connectionId = FIRST_CONNECTION;
  let loop: TurnLoop<S, M> | null = null;
  let failure: Error | null = null;
  const { promise: halted, resolve: settleHalted } = deferred<Error | null>();
  const readyAmong = (inbox: 'members' | 'connections') => (source: Source<M>) => {
    loop?.[inbox].ready(source);
    loop?.wake();
  };
  const offload = createOffload({
    keys: options.keys,
    completed: (ticket, holds) => loop?.completed(ticket, holds),
    onFailure: (error) => loop?.halt(error),
  });
  const dropEverything = (): void => {
    bound.links?.destroy();
    bound.peers?.destroy();
    for (const port of ports) port.destroy();
    observer.close();
    void offload.close();
  };
  /** The disk may fail while the process starts. */
  const endIfHalted = (): void => {
    if (failure !== null) throw failure;
  };

  try {
    await bind();
    loop = await startLoop();
    endIfHalted();
  } catch (error) {
    dropEverything();
    await journal.abandon();
    throw error;
  }
  const running = loop;
  observer.queues(running, journal, offload, bound.links, ports);
  openAll(bound, ports);
  tellStart(logger, journal);

  const close = once(closeGracefully);
  return {
    state: running.state,
    metrics,
    addresses,
    ahead: clock.ahead,
    get linked() {
      return upIn(bound);
    },
    addMember: (id, address) => bound.links?.add(id, address),
    removeMember: (id) => bound.links?.remove(id),
    addPeer: (id, contact) => bound.peers?.add(id, contact),
    removePeer: (id) => bound.peers?.remove(id),
    useRelays: (relays) => bound.peers?.register(relays),
    get relays() {
      return bound.peers?.relays ?? [];
    },
    uploadedTo: (id) => bytesOf(bound.peers?.accounts.of(id)),
    get uploaded() {
      return bytesOf(bound.peers?.accounts.total);
    },
    stopListening: () => stopAll(ports),
    inject: running.inject,
    durable: running.durable,
    halted,
    halt: running.halt,
    close,
    [Symbol.asyncDispose]: close,
  };

  function onHalt(error: Error): void {
    failure = error;
    logger.error('halted', { reason: error.message, stack: error.stack ?? '' });
    dropEverything();
    options.onHalt?.(error);
    // What is not yet durable must not become so by closing: the journal unlocks without another commit.
    void journal.abandon().finally(() => settleHalted(error));
  }

  function startLoop(): Promise<TurnLoop<S, M>> {
    return startTurnLoop<S, M>({
      self,
      process: options.process,
      journal,
      clock,
      ...createDice(),
      exit: (to) => exits.get(to) ?? bound.peers?.exit(to),
      offload: offload.start,
      flushJobs: offload.flush,
      onNote: observer.note,
      onHalt,
      observer,
      invariantsEvery: options.invariantsEvery ?? 1024,
      onStarting: (progress) => {
        endIfHalted();
        options.onStarting?.(progress);
      },
    });
  }

  async function bind(): Promise<void> {
    if (options.members !== undefined) {
      const met = ({ id, route, mute }: Peer): void => void exits.set(id, { route, mute, encoder: codec });
      const left = (id: NodeId): void => void exits.delete(id);
      const events = { ready: readyAmong('members'), met, left, ...observer.links };
      const links = await createLinks(options.members, codec, events);
      bound.links = links;
      if (links.address !== null) addresses.set('members', links.address);
    }
    if (options.peers !== undefined) {
      // Peers are strangers beside members: they share the budget of those who connect from outside.
      const events = { ready: readyAmong('connections'), ...observer.links };
      const peers = await createPeers(self, options.peers, codec, events);
      bound.peers = peers;
      observePeers(metrics, peers);
      if (peers.address !== null) addresses.set('peers', peers.address);
    }
    for (const listener of options.listeners ?? []) {
      const { framing } = listener;
      const port = await createPort(listener, {
        ready: readyAmong('connections'),
        note: observer.note,
        nextId: () => connectionId++,
        opened: (id: NodeId, connection: Connection) =>
          exits.set(id, { route: connection.route, mute: connection.mute, encoder: framing }),
        closed: (id: NodeId) => exits.delete(id),
      });
      ports.push(port);
      addresses.set(listener.name, port.address);
    }
  }

  async function closeGracefully(): Promise<void> {
    stopAll(ports);
    await running.finish();
    await Promise.all([bound.links?.close(), bound.peers?.close(), ...ports.map((port) => port.close())]);
    await offload.close();
    observer.close();
    await journal.close();
    logger.info('stopped');
    settleHalted(null);
  }
}
