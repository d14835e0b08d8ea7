/**
 * One other member, whether its link is up or not: what it sent and waits for a turn, and what it is to be sent. At
 * most one link carries a peer at a time; a newer one replaces an older one, since the older may be a dead
 * connection that nobody has noticed yet. While no link is up, sends are lost, as the protocols expect.
 *
 * Links on demand (peers/) are also parted from, for lack of use, and nobody is told: either end says goodbye and sends
 * nothing more; when it has heard the other's goodbye it has all that was sent, and closes. A close that comes before both
 * is a break.
 */

import type { Socket } from 'node:net';
import { assert, type MessageCodec, type NodeId, type Note } from '@concordat/kernel';
import { createLengthSplitter, LENGTH_BYTES } from '../framing.ts';
import type { Route } from '../host/departures.ts';
import type { Sink, Source } from '../host/inbox.ts';
import { decodeFrame, encodeFrames, GOODBYE, isGoodbye, KEEP_ALIVE } from './frame.ts';

export interface PeerLimits {
  /** Received bytes that may wait for a turn before the socket is paused. */
  readonly inboxBytes: number;
  /** Bytes that may wait for the peer to read them; beyond, the link is dropped: protocols retransmit. */
  readonly outboxBytes: number;
  /** A link on which nothing arrives for so long is dropped. */
  readonly silentMs: number;
  /** Of a frame's payload; larger ones are a strike. */
  readonly frameBytes: number;
}

export interface PeerEvents<M> {
  ready(source: Source<M>): void;
  note(note: Note): void;
  sent(bytes: number): void;
  received(bytes: number): void;
  lost(messages: number): void;
  /** The link went down, of which the process is told, or both ends parted. */
  down(hasParted: boolean): void;
  /** For links that are there when they are needed. */
  readonly onDemand?: OnDemandEvents;
}

/** Who joins and parts, and says when what leaves. */
export interface OnDemandEvents {
  /** Takes what a turn sent, or a keep-alive without messages, to `write` it when it may leave. */
  depart(block: Uint8Array, messages: number): void;
  /** Something of the other process arrived. */
  heard(): void;
  /** The other end sends nothing more: to be answered by `part`. */
  goodbye(): void;
  /** What was written has been taken. */
  drained(): void;
}

export interface Peer {
  readonly id: NodeId;
  readonly route: Route;
  readonly isUp: boolean;
  readonly inboxBytes: number;
  readonly outboxBytes: number;
  /** Takes over an authenticated socket and what was already read from it. */
  attach(socket: Socket, rest: Buffer): void;
  /** Called every `spanMs` or so, between which sockets are read: keeps the link alive, or drops it. */
  beat(spanMs: number): void;
  detach(why: string): void;
  /** Leaves what arrives unread for a while: the sender's own buffers fill, and this node does nothing. */
  mute(forMs: number): void;
  /** Lets what was sent leave, then closes; resolves when the other end has closed, too. */
  end(): Promise<void>;
  /** On demand: writes at once, or nothing if no link is up. */
  write(bytes: Uint8Array): void;
  /** On demand: says goodbye. */
  part(): void;
  /** On demand: tells the process that there is no link, though there was none before. */
  unreachable(): void;
  /** The link is up, but the goodbye is said. */
  isParting(): boolean;
  /** Something that arrived waits for a turn, or would not be heard. */
  isBusy(): boolean;
}

interface Link {
  readonly socket: Socket;
  /**
   * How long nothing arrived, counted in beats: by the clock, a node that stood still for a while would take for
   * silence what waits in its sockets.
   */
  silentMs: number;
  hasSent: boolean;
  isPaused: boolean;
  saidGoodbye: boolean;
  heardGoodbye: boolean;
}

/** Waits for the other's goodbye so long: all that it sent before is on its way. */
const PARTING_MS = 2000;

export function createPeer<M>(
  id: NodeId,
  codec: MessageCodec<M>,
  limits: PeerLimits,
  events: PeerEvents<M>,
): Peer {
  let link: Link | null = null;
  /** Frames, and `true` and `false` where the link came up and went down. */
  let inbox: (Uint8Array | boolean)[] = [];
  let outbox: Uint8Array[] = [];
  let [inboxBytes, outboxBytes] = [0, 0];
  /** Armed while the peer is muted. */
  let unmuting: NodeJS.Timeout | null = null;

  const source: Source<M> = {
    deliver,
    get isEmpty() {
      return inbox.length === 0;
    },
    isReady: false,
  };
  const route: Route = { queue, flush, end: () => {}, isTouched: false };

  const acts = { attach, beat, detach, mute, end, part, write: writeNow, unreachable: tellDown };
  return {
    id,
    route,
    get isUp() {
      return link !== null;
    },
    get inboxBytes() {
      return inboxBytes;
    },
    get outboxBytes() {
      return link?.socket.writableLength ?? 0;
    },
    ...acts,
    isParting: () => link?.saidGoodbye === true,
    isBusy: () => inbox.length > 0 || unmuting !== null,
  };

  function attach(socket: Socket, rest: Buffer): void {
    detach('replaced');
    const attached = createLink(socket);
    link = attached;
    const splitter = createLengthSplitter(limits.frameBytes);
    socket.setNoDelay(true);
    const onData = (chunk: Buffer): void => {
      attached.silentMs = 0;
      events.received(chunk.length);
      // A plain view: `slice` of a Buffer would be a view where decoders expect a copy.
      const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      if (link !== attached || splitter.push(bytes, onFrame)) return;
      events.note({ kind: 'strike', peer: id, why: 'frame-too-large' });
      detach('frame-too-large');
    };
    socket.on('data', onData);
    socket.on('close', () => {
      if (link !== attached) return;
      if (attached.saidGoodbye && attached.heardGoodbye) parted();
      else detach('closed');
    });
    if (events.onDemand !== undefined) socket.on('drain', events.onDemand.drained);
    // On demand a process is told of breaks alone: it knows of a link by what it hears.
    if (events.onDemand === undefined) inbox.push(true);
    events.ready(source);
    events.note({ kind: 'link-up', peer: id });
    if (rest.length > 0) onData(rest);
    socket.resume();
    regulate();
  }

  function onFrame(payload: Uint8Array): void {
    // After a goodbye nothing counts.
    if (payload.length === 0 || link === null || link.heardGoodbye) return;
    if (events.onDemand !== undefined && isGoodbye(payload)) return onGoodbye();
    if (unmuting !== null) return;
    inbox.push(payload);
    inboxBytes += payload.length;
    regulate();
    events.ready(source);
    events.onDemand?.heard();
  }

  function onGoodbye(): void {
    if (link === null) return;
    link.heardGoodbye = true;
    // Its own goodbye has arrived there, for this one answers it, or crossed it: then both close.
    if (link.saidGoodbye) parted();
    else events.onDemand?.goodbye();
  }

  function part(): void {
    if (link === null || link.saidGoodbye) return;
    link.saidGoodbye = true;
    link.silentMs = 0;
    link.socket.write(GOODBYE);
  }

  /** The other end has all that was sent, and so has this one. */
  function parted(): void {
    if (link === null) return;
    const { socket } = link;
    link = null;
    // Not `end`, which would wait for the other end to close its side, too.
    socket.destroySoon();
    events.note({ kind: 'link-parted', peer: id });
    events.down(true);
  }

  function deliver(sink: Sink<M>, quantumBytes: number): number {
    let spent = 0;
    let taken = 0;
    for (const item of inbox) {
      if (spent >= quantumBytes) break;
      taken++;
      if (typeof item === 'boolean') sink.linked(id, item);
      else {
        inboxBytes -= item.length;
        if (unmuting !== null) continue;
        spent += item.length;
        if (deliverFrame(sink, item)) continue;
        violation();
        return spent;
      }
    }
    inbox = taken === inbox.length ? [] : inbox.slice(taken);
    regulate();
    return spent;
  }

  /** Reads the socket while there is room and the peer is heard. */
  function regulate(): void {
    if (link === null) return;
    if (!link.isPaused && (inboxBytes > limits.inboxBytes || unmuting !== null)) {
      link.isPaused = true;
      link.socket.pause();
    } else if (link.isPaused && inboxBytes < limits.inboxBytes / 2 && unmuting === null) {
      link.isPaused = false;
      link.silentMs = 0;
      link.socket.resume();
    }
  }

  function mute(forMs: number): void {
    if (unmuting !== null) clearTimeout(unmuting);
    unmuting = forMs === 0 ? null : setTimeout(() => mute(0), forMs).unref();
    regulate();
  }

  function deliverFrame(sink: Sink<M>, payload: Uint8Array): boolean {
    const messages = decodeFrame(payload);
    if (messages === null) return false;
    for (const bytes of messages) {
      const message = codec.decode(bytes);
      if (message === null) return false;
      sink.message(id, message);
      // Muted for it: the rest of the frame is not heard.
      if (unmuting !== null) break;
    }
    return true;
  }

  /** A frame that waited for its turn is malformed: nothing the peer sent behind it is believed. */
  function violation(): void {
    inbox = [];
    inboxBytes = 0;
    events.note({ kind: 'strike', peer: id, why: 'malformed' });
    if (link !== null) detach('malformed');
    else inbox.push(false);
  }

  function queue(bytes: Uint8Array): void {
    assert(
      bytes.length > 0 && bytes.length <= limits.frameBytes - LENGTH_BYTES,
      'a message fits into a frame and is not empty',
    );
    outbox.push(bytes);
    outboxBytes += LENGTH_BYTES + bytes.length;
  }

  function flush(): void {
    if (outbox.length === 0) return;
    const messages = outbox;
    const payloadBytes = outboxBytes;
    outbox = [];
    outboxBytes = 0;
    const isLost = link === null && events.onDemand === undefined;
    if (isLost) events.lost(messages.length);
    else depart(encodeFrames(messages, payloadBytes, limits.frameBytes), messages.length);
  }

  function depart(block: Uint8Array, messages: number): void {
    if (events.onDemand !== undefined) events.onDemand.depart(block, messages);
    else if (link !== null) write(link, block);
  }

  function writeNow(bytes: Uint8Array): void {
    if (link !== null && !link.saidGoodbye) write(link, bytes);
  }

  function write(current: Link, bytes: Uint8Array): void {
    current.hasSent = true;
    current.socket.write(bytes);
    events.sent(bytes.length);
    if (current.socket.writableLength > limits.outboxBytes) detach('overflow');
  }

  async function end(): Promise<void> {
    const socket = link?.socket;
    if (socket === undefined) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.end();
    });
  }

  function beat(spanMs: number): void {
    if (link === null) return;
    link.silentMs += spanMs;
    if (link.saidGoodbye) {
      if (link.silentMs > PARTING_MS) detach('silent');
      return;
    }
    if (!link.isPaused && link.silentMs > limits.silentMs) {
      detach('silent');
      return;
    }
    if (!link.hasSent) depart(KEEP_ALIVE, 0);
    if (link !== null) link.hasSent = false;
  }

  function detach(why: string): void {
    if (link === null) return;
    const { socket } = link;
    link = null;
    socket.destroy();
    tellDown();
    events.note({ kind: 'link-down', peer: id, why });
    events.down(false);
  }

  function tellDown(): void {
    inbox.push(false);
    events.ready(source);
  }
}

const createLink = (socket: Socket): Link => ({
  socket,
  silentMs: 0,
  hasSent: true,
  isPaused: false,
  saidGoodbye: false,
  heardGoodbye: false,
});
