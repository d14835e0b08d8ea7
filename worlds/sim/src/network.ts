/**
 * Links between nodes. By default a link is a reliable first-in first-out stream, as TCP is: what the network loses
 * costs a retransmission, and only a break loses anything. `isFifo: false` gives bare datagrams instead (lost,
 * duplicated, reordered), for hardening; connections are streams whatever the options say.
 */

import { assert, type Millis, type NodeId, type Prng } from '@concordat/kernel';
import type { Frame, Host, Sim } from './host.ts';
import { isApart } from './partitions.ts';

export interface LinkOptions {
  /** One-way delay at least. Default 0.5. */
  readonly latencyMs?: Millis;
  /** Uniform addition. Default 0.2. */
  readonly jitterMs?: Millis;
  /** Probability of a delay of up to `tailMs` more. Defaults 0 and 20. */
  readonly tailChance?: number;
  readonly tailMs?: Millis;
  /** Default unlimited. */
  readonly bytesPerMs?: number;
  readonly lossChance?: number;
  /** What a loss costs on a first-in first-out link. Default 200. */
  readonly retransmitMs?: Millis;
  /** Only without `isFifo`. */
  readonly duplicateChance?: number;
  /** Only without `isFifo`: probability that a frame is held back by up to `reorderMs` (default 10). */
  readonly reorderChance?: number;
  readonly reorderMs?: Millis;
  readonly isFifo?: boolean;
}

export interface NetworkOptions extends LinkOptions {
  /** How long until the ends of a silent link hold it for broken. Default 1000. */
  readonly detectMs?: Millis;
  /** How long until a link is made again once it can be. Default 50. */
  readonly reconnectMs?: Millis;
  /** How long a link of peers is kept after its last frame arrived. Default 10,000. */
  readonly idleMs?: Millis;
}

/** One direction between two hosts. */
export interface Link {
  readonly from: Host;
  readonly to: Host;
  /** What the sender calls the receiver, and the receiver the sender. */
  readonly toName: NodeId;
  readonly fromName: NodeId;
  readonly pair: Pair;
  settings: Required<LinkOptions>;
  /** Frames pass. */
  isOpen: boolean;
  isCut: boolean;
  /** Frames of former epochs are lost. */
  epoch: number;
  lastArrival: Millis;
  lineFreeAt: Millis;
  /** What the sending end was last told. */
  toldUp: boolean;
  /** Frames the current turn is filling. */
  draft: Frame | null;
  earlyDraft: Frame | null;
}

/** Both directions, and where they stand together. */
export interface Pair {
  /** The two directions, set once at creation. */
  links: readonly Link[];
  readonly isConnection: boolean;
  /** Joined by a message, forgotten when nothing is sent any more. */
  readonly isPeer: boolean;
  /** A connection, or a link of peers, that is over. */
  isGone: boolean;
  /** Names the latest change: events scheduled for former ones no longer count. */
  version: number;
  /** Of peers: when a frame last left, and how many are begun but have not. */
  usedAt: Millis;
  drafts: number;
}

export interface Network {
  readonly settings: Required<NetworkOptions>;
  /** The same for connections, which are streams. */
  readonly streams: Required<NetworkOptions>;
  readonly random: Prng;
}

const defaults: Required<NetworkOptions> = {
  latencyMs: 0.5,
  jitterMs: 0.2,
  tailChance: 0,
  tailMs: 20,
  bytesPerMs: Number.POSITIVE_INFINITY,
  lossChance: 0,
  retransmitMs: 200,
  duplicateChance: 0,
  reorderChance: 0,
  reorderMs: 10,
  isFifo: true,
  detectMs: 1000,
  reconnectMs: 50,
  idleMs: 10_000,
};

export function createNetwork(options: NetworkOptions, random: Prng): Network {
  const settings = { ...defaults, ...options };
  return { settings, streams: { ...settings, isFifo: true }, random };
}

/**
 * What holds for the direction from one host to another, whether they are linked yet or not. Links without options of
 * their own share one record: nobody changes it.
 */
export function settingsOf(sim: Sim, from: Host, to: Host, isConnection: boolean): Required<LinkOptions> {
  const { settings, streams } = sim.network;
  const own = from.linkOptions.get(to);
  if (own === undefined) return isConnection ? streams : settings;
  return { ...settings, ...own, ...(isConnection ? { isFifo: true } : {}) };
}

function createLink(sim: Sim, from: Host, to: Host, fromName: NodeId, toName: NodeId, pair: Pair): Link {
  return {
    from,
    to,
    fromName,
    toName,
    pair,
    settings: settingsOf(sim, from, to, pair.isConnection),
    isOpen: false,
    isCut: from.cutTo.has(to) || isApart(from, to),
    epoch: 0,
    lastArrival: 0,
    lineFreeAt: 0,
    toldUp: false,
    draft: null,
    earlyDraft: null,
  };
}

type Kind = Pick<Pair, 'isConnection' | 'isPeer'>;

/** Both directions between two hosts, closed and known to nobody yet. `name` is what `b` calls `a`. */
function createDirections(sim: Sim, a: Host, b: Host, name: NodeId, { isConnection, isPeer }: Kind): Pair {
  const pair: Pair = {
    links: [],
    isConnection,
    isPeer,
    isGone: false,
    version: 0,
    usedAt: sim.now,
    drafts: 0,
  };
  pair.links = [createLink(sim, a, b, name, b.id, pair), createLink(sim, b, a, b.id, name, pair)];
  return pair;
}

/** Creates the link of two members, or of a client and a server, closed. `name` is what `b` calls `a`. */
export function createPair(sim: Sim, a: Host, b: Host, name: NodeId): Pair {
  assert(a !== b && !b.links.has(name), 'a name at a host stands for one link, ever');
  const isConnection = a.options.link === 'connection' || b.options.link === 'connection';
  const pair = createDirections(sim, a, b, name, { isConnection, isPeer: false });
  a.links.set(b.id, pair.links[0]!);
  b.links.set(name, pair.links[1]!);
  return pair;
}

/** A link of peers, closed and known to nobody yet: it may never be. */
export const createPeerPair = (sim: Sim, a: Host, b: Host): Pair =>
  createDirections(sim, a, b, a.id, { isConnection: false, isPeer: true });

function delayOf(link: Link, random: Prng): Millis {
  const { latencyMs, jitterMs, tailChance, tailMs } = link.settings;
  const tail = tailChance > 0 && random.chance(tailChance) ? random.unit() * tailMs : 0;
  return latencyMs + (jitterMs > 0 ? random.unit() * jitterMs : 0) + tail;
}

/** When the sender's upload line, which all its links share, has taken the frame in. */
function upload(sim: Sim, host: Host, sizeBytes: number): Millis {
  const { uploadBytesPerMs } = host.options;
  if (uploadBytesPerMs === undefined) return sim.now;
  host.uploadFreeAt = Math.max(sim.now, host.uploadFreeAt) + sizeBytes / uploadBytesPerMs;
  return host.uploadFreeAt;
}

/** When the line has taken the frame in: first the sender's, then the link's own. */
function departure(sim: Sim, link: Link, sizeBytes: number): Millis {
  const { bytesPerMs } = link.settings;
  const uploaded = upload(sim, link.from, sizeBytes);
  if (bytesPerMs === Number.POSITIVE_INFINITY) return uploaded;
  link.lineFreeAt = Math.max(uploaded, link.lineFreeAt) + sizeBytes / bytesPerMs;
  return link.lineFreeAt;
}

function transmitStream(sim: Sim, frame: Frame): void {
  const { link } = frame;
  const { random } = sim.network;
  const { lossChance, retransmitMs } = link.settings;
  let at = departure(sim, link, frame.sizeBytes) + delayOf(link, random);
  while (lossChance > 0 && random.chance(lossChance)) at += retransmitMs;
  if (at < link.lastArrival) at = link.lastArrival;
  link.lastArrival = at;
  sim.queue.push(at, frame);
}

function transmitDatagram(sim: Sim, frame: Frame): void {
  const { link } = frame;
  const { random } = sim.network;
  const { lossChance, duplicateChance, reorderChance, reorderMs } = link.settings;
  const left = departure(sim, link, frame.sizeBytes);
  const arrival = (): Millis =>
    left + delayOf(link, random) + (random.chance(reorderChance) ? random.unit() * reorderMs : 0);
  if (random.chance(lossChance)) return;
  sim.queue.push(arrival(), frame);
  if (random.chance(duplicateChance)) sim.queue.push(arrival(), frame);
}

/** The messages of a frame, for observers. */
function messagesOf(frame: Frame): readonly unknown[] {
  const { codec } = frame.link.from.options;
  if (!frame.isEncoded || codec === undefined) return frame.items;
  return frame.items.map((item) => (item instanceof Uint8Array ? codec.decode(item) : item));
}

/** Sends a frame on its way; it is lost if the link is closed. */
export function transmit(sim: Sim, frame: Frame): void {
  const { link } = frame;
  const { pair } = link;
  const passes = link.isOpen && !link.isCut;
  if (pair.isPeer) {
    pair.drafts--;
    pair.usedAt = sim.now;
  }
  for (const observer of sim.observers)
    observer.sent?.(sim.now, link.from.id, link.to.id, messagesOf(frame), passes);
  if (!passes) return;
  link.from.traffic.sentBytes += frame.sizeBytes;
  frame.epoch = link.epoch;
  if (link.settings.isFifo) transmitStream(sim, frame);
  else transmitDatagram(sim, frame);
}
