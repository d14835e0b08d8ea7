/**
 * Links on demand, among peers by the thousands. Two peers are joined by the first message that either sends; when the
 * other cannot be reached, or the link breaks, the process hears so and what was under way is lost; a link on which no
 * process says anything is parted from without notice, and comes back with the next message. Processes are told of breaks
 * alone. A peer that is not in use is a line in the book: no timer, no socket, no object.
 */

import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { MessageCodec, NodeId, Note } from '@concordat/kernel';
import type { TlsIdentity } from '../crypto/identity.ts';
import { RuntimeError } from '../errors.ts';
import { LENGTH_BYTES } from '../framing.ts';
import type { Source } from '../host/inbox.ts';
import type { Exit } from '../host/turns.ts';
import { createAcceptor, type Stranger } from '../links/accept.ts';
import { greet } from '../links/greeting.ts';
import { type Address, type LinkLimits, listening } from '../links/links.ts';
import { INTRODUCED_PROTOCOL, linkContext, PEER_PROTOCOL, RELAY_PROTOCOL } from '../links/pins.ts';
import { type Accounts, createAccounts } from './accounts.ts';
import { type Book, createBook, type PeerContact, waysOf } from './book.ts';
import { type Calling, directly, startCalling } from './calling.ts';
import { type Backoff, createFailures } from './failures.ts';
import { createInUse } from './in-use.ts';
import type { CallEvents, Neighbour } from './neighbour.ts';
import { createReach } from './relay/reach.ts';
import { createRelay, type Relay, type RelayOptions } from './relay/relay.ts';
import { createScreen } from './screen.ts';
import { createUpload, type Upload, type UploadCap } from './upload.ts';

export interface PeersOptions {
  /** Null for a peer that nobody can call: it calls others, and is reached through relays. */
  readonly listen: Address | null;
  readonly tls: TlsIdentity;
  /** All that are known from the start. */
  readonly known: ReadonlyMap<NodeId, PeerContact>;
  readonly limits?: Partial<PeersLimits>;
  /** For all links, handshakes and circuits together. */
  readonly uploadCap?: UploadCap;
  /** This peer is willing to be a relay; it must listen. */
  readonly relay?: RelayOptions;
  /** Relays to be registered with, up to two at once, the better ones first. */
  readonly relays?: readonly NodeId[];
  /** What this peer shows to those whom it calls and who may not know it yet; null while everybody does. */
  readonly introduction?: () => Uint8Array | null;
  /**
   * Whom an introduction makes known, together with a certificate of this pin; null if nobody. Both come from strangers, a few at a
   * time. Its contact is entered like one of `add`.
   */
  readonly admit?: (introduction: Uint8Array, pin: string) => Introduced | null;
  /** Told of the relays through which this peer is reached, whenever they change. */
  readonly onRelays?: (relays: readonly NodeId[]) => void;
}

export interface Introduced {
  readonly id: NodeId;
  readonly contact: PeerContact;
}

export interface PeersLimits extends LinkLimits {
  /** Without those that part. Beyond, the one that was idle for longest makes room. */
  readonly linksMax: number;
  /** A link on which no process said anything for so long is parted from. */
  readonly idleMs: number;
  /** At the limit, a link makes room for somebody who calls only when it was idle for so long. */
  readonly restMs: number;
  /** For a call, each way, until the link is up. */
  readonly dialMs: number;
  /** Bytes that may wait for a link, or for their turn under the cap; beyond, the oldest are dropped. */
  readonly waitingBytes: number;
  /** What has waited longer is dropped. */
  readonly staleMs: number;
  /** Until a peer that could not be reached is called again. */
  readonly backoff: Backoff;
}

const LIMITS: PeersLimits = {
  inboxBytes: 1024 * 1024,
  outboxBytes: 2 * 1024 * 1024,
  frameBytes: 1024 * 1024,
  silentMs: 10_000,
  beatMs: 2500,
  handshakeMs: 4000,
  strangersMax: 64,
  callsPerSecond: 100,
  linksMax: 256,
  idleMs: 30_000,
  restMs: 1000,
  dialMs: 2000,
  waitingBytes: 2 * 1024 * 1024,
  staleMs: 5000,
  backoff: { firstMs: 500, lastMs: 30_000 },
};

export interface Peers<M> {
  /** Null where it does not listen. */
  readonly address: AddressInfo | null;
  readonly linked: readonly NodeId[];
  /** The way out to a peer; undefined for one that is not known. */
  exit(id: NodeId): Exit<M> | undefined;
  /** Makes a peer known, or known by another contact. Throws `bad-configuration` if its pin is malformed or another's. */
  add(id: NodeId, contact: PeerContact): void;
  remove(id: NodeId): void;
  /** Relays to be registered with from now on. */
  register(relays: readonly NodeId[]): void;
  /** Where it is registered. */
  readonly relays: readonly NodeId[];
  /** Begins to hear callers. */
  open(): void;
  close(): Promise<void>;
  destroy(): void;
  readonly accounts: Accounts;
  readonly relay: Relay | null;
  /** Peers in use, with what waits to leave to each. */
  inUse(): readonly Neighbour[];
  readonly known: Pick<Book, 'size'>;
}

export interface PeersEvents<M> {
  ready(source: Source<M>): void;
  note(note: Note): void;
  sent(bytes: number): void;
  received(bytes: number): void;
  lost(messages: number): void;
}

const CLOSE_MS = 1000;
const CLOSE_LOOK_MS = 10;

/** Binds the port. Rejects with `port-failed` or `bad-configuration`. */
export async function createPeers<M>(
  self: NodeId,
  options: PeersOptions,
  codec: MessageCodec<M>,
  events: PeersEvents<M>,
): Promise<Peers<M>> {
  const limits = limitsOf(options);
  const context = linkContext(options.tls);
  const { book, upload, accounts, failures, relayedSockets } = tablesOf(self, options, limits);
  let phase: 'starting' | 'open' | 'closing' = 'starting';
  let address: AddressInfo | null = null;

  const relay = relayOf(options, limits, upload, events.note);
  const screen = createScreen(upload, () => relay);
  const acceptor = createAcceptor({
    ...limits,
    tls: options.tls,
    protocols: relay === null ? [PEER_PROTOCOL] : [PEER_PROTOCOL, RELAY_PROTOCOL],
    pins: book.pins,
    screen: screen.screen,
    introduced,
    onCaller,
    onNote: events.note,
  });
  const calls = { ...limits, self, book, context, pins: book.pins, upload, onNote: events.note };
  const reach = createReach({
    ...calls,
    own: () =>
      relay === null || address === null ? null : { relay, host: address.address, port: address.port },
    onCircuit: (raw, toll) => {
      relayedSockets.add(raw);
      screen.paid(raw, toll);
      acceptor.admit(raw);
    },
    onRelays: (relays) => {
      events.note({ kind: 'relays', relays: relays.join() });
      options.onRelays?.(relays);
    },
  });
  const around = { ...events, self, codec, limits, upload, accounts, failures, hasOpened, call };
  const inUse = createInUse<M>(book, around, limits);
  const beat = setInterval(onBeat, limits.beatMs);
  if (options.listen !== null) {
    address = await listening(acceptor.server, options.listen, 'peers').catch(giveUp);
  }

  return {
    address,
    get linked() {
      return inUse.all().flatMap(({ id, isLinked }) => (isLinked ? [id] : []));
    },
    exit: (id) => inUse.use(id)?.exit,
    add: (id, contact) => {
      if (id === self) return;
      if (book.set(id, contact)) inUse.drop(id);
      failures.forget(id);
    },
    remove: (id) => {
      if (!book.delete(id)) return;
      inUse.drop(id);
      accounts.forget(id);
      failures.forget(id);
      reach.forget(id);
      relay?.forget(id);
    },
    register: reach.register,
    get relays() {
      return reach.relays;
    },
    open: () => {
      phase = 'open';
      reach.register(options.relays ?? []);
      for (const neighbour of inUse.all()) neighbour.opened();
    },
    close,
    destroy: () => {
      stop();
      for (const neighbour of inUse.all()) neighbour.end('halted');
    },
    accounts,
    relay,
    inUse: inUse.all,
    known: book,
  };

  function hasOpened(): boolean {
    return phase !== 'starting';
  }

  function call(id: NodeId, { answered, failed }: CallEvents): Calling | null {
    const contact = book.get(id);
    if (contact === undefined || phase === 'closing' || !inUse.hasRoom(0)) return null;
    const isRelayed = 'via' in contact;
    const introduction = options.introduction?.() ?? null;
    if (!isRelayed && contact.port === 0) return null;
    const ways = isRelayed
      ? waysOf(contact).map((through) => reach.through(through, id))
      : [directly(contact.host, contact.port)];
    return startCalling({
      ...calls,
      peer: id,
      ways,
      isRelayed,
      protocol: introduction === null ? PEER_PROTOCOL : INTRODUCED_PROTOCOL,
      introduction,
      onAnswer: answered,
      onFailed: failed,
    });
  }

  /** An id that is known has another pin: who shows this is not it, or has made a second one. */
  function introduced(introduction: Uint8Array, pin: string): NodeId | null {
    const found = options.admit?.(introduction, pin) ?? null;
    if (found === null || found.id === self || found.contact.pin !== pin || book.get(found.id) !== undefined)
      return null;
    book.set(found.id, found.contact);
    return found.id;
  }

  function onCaller(id: NodeId, socket: TLSSocket, stranger: Stranger): void {
    if (phase !== 'open') return stranger.refuse('not-open');
    const toll = screen.tollOf(stranger.raw);
    if (socket.alpnProtocol === RELAY_PROTOCOL) {
      greet(socket, self, id, (rest) => {
        stranger.known();
        toll.done();
        relay?.join(id, socket, rest);
      });
      return;
    }
    const neighbour = inUse.use(id)?.neighbour;
    if (neighbour === undefined || !(neighbour.isEngaged || inUse.hasRoom(limits.restMs)))
      return stranger.refuse('too-many-links');
    neighbour.called({ socket, stranger, toll, isRelayed: relayedSockets.has(stranger.raw) });
  }

  function onBeat(): void {
    inUse.beat();
    failures.sweep(performance.now());
    relay?.beat(limits.beatMs);
    reach.beat(limits.beatMs);
  }

  function giveUp(error: unknown): never {
    stop();
    throw error;
  }

  function stop(): void {
    phase = 'closing';
    clearInterval(beat);
    acceptor.close();
    reach.close();
    relay?.close();
    upload.close();
  }

  async function close(): Promise<void> {
    // What is under way to somebody may still leave; nobody new is called, and nobody heard.
    phase = 'closing';
    const deadline = performance.now() + CLOSE_MS;
    while (inUse.all().some(({ outgoingBytes }) => outgoingBytes > 0) && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, CLOSE_LOOK_MS));
    const ends = inUse.all().map(({ peer }) => peer.end());
    await Promise.race([Promise.all(ends), new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())]);
    stop();
    for (const neighbour of inUse.all()) neighbour.end('closed');
  }
}

function relayOf(
  { relay }: PeersOptions,
  { silentMs, handshakeMs: pairingMs }: PeersLimits,
  upload: Upload,
  onNote: (note: Note) => void,
): Relay | null {
  return relay === undefined ? null : createRelay(relay, { upload, pairingMs, silentMs, onNote });
}

const tablesOf = (self: NodeId, options: PeersOptions, limits: PeersLimits) => ({
  book: createBook([...options.known].filter(([id]) => id !== self)),
  upload: createUpload(options.uploadCap ?? null),
  accounts: createAccounts(),
  failures: createFailures(limits.backoff),
  relayedSockets: new WeakSet<Socket>(),
});

function limitsOf(options: PeersOptions): PeersLimits {
  const limits: PeersLimits = { ...LIMITS, ...options.limits };
  const problem =
    limits.waitingBytes < limits.frameBytes + LENGTH_BYTES
      ? 'no less may wait for a peer than one frame'
      : options.relay !== undefined && options.listen === null
        ? 'a relay must listen'
        : null;
  if (problem !== null) throw new RuntimeError('bad-configuration', problem);
  return limits;
}
