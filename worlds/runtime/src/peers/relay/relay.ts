/**
 * The relay: a peer that can be called lets others be reached who cannot. Those register over a control link that they
 * keep; whoever wants one of them asks over its own. Each end of a circuit gets a token, good once, and comes back with it
 * on a connection of its own (messages.ts); when both are there they are spliced. Only peers that the book knows take
 * part, for such peers alone. A relay sees who talks to whom and how much, and could stop it: no more.
 *
 * Everything is bounded: control links, circuits in all and of each asker, asks, the time until both ends are there,
 * idleness, bytes per second.
 */

import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { NodeId, Note } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import type { Stranger } from '../../links/accept.ts';
import { BURST_MIN_BYTES, createUpload, RECORD_BYTES, type Upload } from '../upload.ts';
import { type Control, createControl } from './control.ts';
import { type ControlMessage, TOKEN_BYTES } from './messages.ts';
import { type Splice, spliceSockets } from './splice.ts';

export interface RelayOptions {
  /** Passed on for all circuits together; the host's own cap counts them, too. */
  readonly maxBytesPerSecond: number;
  /** At once, those whose ends are still to come included. */
  readonly maxCircuits: number;
  /** Circuits that one peer may have asked for; an eighth of all, and at least 2, unless told. */
  readonly maxCircuitsPerPeer?: number;
  /** Control links at once; 1024 unless told. */
  readonly maxControls?: number;
}

export interface RelayContext {
  readonly upload: Upload;
  /** Until both ends of a circuit are there. */
  readonly pairingMs: number;
  /** A circuit over which nothing passes, or a control link on which nothing comes, is dropped after so long. */
  readonly silentMs: number;
  readonly onNote: (note: Note) => void;
}

/** A circuit as an operator sees it. */
export interface Circuit {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly bytes: number;
}

export interface Relay {
  /** A peer's control link, greeted. A newer one replaces an older one. */
  join(peer: NodeId, socket: Socket, rest: Buffer): void;
  /** The end of a circuit has come: `rest` is what came after the preamble. */
  meet(token: Uint8Array, stranger: Stranger, rest: Uint8Array): void;
  /** A circuit from this host itself, as `join`ed peers ask for one; its token, or null. */
  reach(from: NodeId, to: NodeId): Uint8Array | null;
  /** A peer that is known no longer. */
  forget(peer: NodeId): void;
  beat(spanMs: number): void;
  readonly registered: number;
  readonly circuits: readonly Circuit[];
  /** Passed on since the start. */
  readonly bytes: number;
  close(): void;
}

const CONTROLS_MAX = 1024;
/** Asks of one peer from one beat to the next: more are refused, many more end its control link. */
const ASKS_MAX = 32;
const FLOOD_ASKS = 1024;

const createToken = (): Uint8Array => new Uint8Array(randomBytes(TOKEN_BYTES));

interface Client {
  readonly control: Control;
  isRegistered: boolean;
  asks: number;
}

interface Pairing {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly tokens: readonly string[];
  /** The first end that came. */
  waiting: { readonly raw: Socket; readonly rest: Uint8Array } | null;
  splice: Splice | null;
  deadline: NodeJS.Timeout | null;
}

export function createRelay(options: RelayOptions, context: RelayContext): Relay {
  const { onNote } = context;
  const perPeerMax = options.maxCircuitsPerPeer ?? Math.max(2, Math.floor(options.maxCircuits / 8));
  const controlsMax = options.maxControls ?? CONTROLS_MAX;
  const clients = new Map<NodeId, Client>();
  const pairings = new Set<Pairing>();
  /** Tokens not yet used. */
  const ends = new Map<string, Pairing>();
  const own = createUpload({
    bytesPerSecond: options.maxBytesPerSecond,
    burstBytes: Math.max(BURST_MIN_BYTES, 2 * RECORD_BYTES, options.maxBytesPerSecond / 4),
  });
  let bytes = 0;

  return {
    join,
    meet,
    reach,
    forget: (peer) => {
      clients.get(peer)?.control.close();
      for (const pairing of pairings)
        if (pairing.from === peer || pairing.to === peer) end(pairing, 'removed');
    },
    beat: (spanMs) => {
      for (const client of clients.values()) {
        client.asks = 0;
        client.control.beat(spanMs);
      }
      for (const pairing of pairings) {
        pairing.splice?.beat(spanMs);
        if ((pairing.splice?.idleMs ?? 0) > context.silentMs) end(pairing, 'idle');
      }
    },
    get registered() {
      let count = 0;
      for (const { isRegistered } of clients.values()) count += Number(isRegistered);
      return count;
    },
    get circuits() {
      return [...pairings].map(({ from, to, splice }) => ({ from, to, bytes: splice?.bytes ?? 0 }));
    },
    get bytes() {
      return bytes;
    },
    close: () => {
      for (const pairing of pairings) end(pairing, 'closed');
      for (const { control } of clients.values()) control.close();
      own.close();
    },
  };

  function join(peer: NodeId, socket: Socket, rest: Buffer): void {
    clients.get(peer)?.control.close();
    clients.delete(peer);
    if (clients.size >= controlsMax) {
      onNote({ kind: 'relay-refused', peer, why: 'too-many-controls' });
      socket.destroy();
      return;
    }
    const control = createControl({
      socket,
      rest,
      upload: context.upload,
      silentMs: context.silentMs,
      onMessage: (message) => setImmediate(onMessage, peer, client, message),
      onClosed: () => {
        if (clients.get(peer) === client) clients.delete(peer);
      },
    });
    const client: Client = { control, isRegistered: false, asks: 0 };
    clients.set(peer, client);
  }

  function onMessage(peer: NodeId, client: Client, message: ControlMessage): void {
    if (clients.get(peer) !== client) return;
    if (message.kind === 'register') {
      client.isRegistered = true;
      client.control.send({ kind: 'registered' });
    } else if (message.kind === 'reach') {
      const token = ++client.asks > ASKS_MAX ? null : reach(peer, message.peer);
      if (client.asks > FLOOD_ASKS) {
        onNote({ kind: 'strike', peer, why: 'circuit-flood' });
        client.control.close();
      } else if (token === null) client.control.send({ kind: 'refused', peer: message.peer });
      else client.control.send({ kind: 'circuit', peer: message.peer, token });
    } else client.control.close();
  }

  function reach(from: NodeId, to: NodeId): Uint8Array | null {
    const callee = clients.get(to);
    if (callee?.isRegistered !== true || from === to) return refuse(from, 'not-registered');
    if (pairings.size >= options.maxCircuits) return refuse(from, 'too-many-circuits');
    let ofPeer = 0;
    for (const pairing of pairings) ofPeer += Number(pairing.from === from);
    if (ofPeer >= perPeerMax) return refuse(from, 'too-many-of-peer');
    const [near, far] = [createToken(), createToken()];
    const pairing: Pairing = {
      from,
      to,
      tokens: [toHex(near), toHex(far)],
      waiting: null,
      splice: null,
      deadline: setTimeout(() => end(pairing, 'nobody-came'), context.pairingMs),
    };
    pairings.add(pairing);
    for (const token of pairing.tokens) ends.set(token, pairing);
    callee.control.send({ kind: 'called', peer: from, token: far });
    return near;
  }

  function refuse(peer: NodeId, why: string): null {
    onNote({ kind: 'relay-refused', peer, why });
    return null;
  }

  function meet(token: Uint8Array, stranger: Stranger, rest: Uint8Array): void {
    const name = toHex(token);
    const pairing = ends.get(name);
    if (pairing === undefined) {
      stranger.refuse('unknown-token');
      return;
    }
    ends.delete(name);
    stranger.known();
    const { raw } = stranger;
    const first = pairing.waiting;
    if (first === null) {
      pairing.waiting = { raw, rest };
      raw.once('close', () => {
        if (pairing.splice === null) end(pairing, 'hung-up');
      });
      return;
    }
    if (pairing.deadline !== null) clearTimeout(pairing.deadline);
    pairing.splice = spliceSockets(first.raw, raw, [own, context.upload], count, () => end(pairing, 'over'));
    // What was read with the preambles comes first.
    if (first.rest.length > 0) first.raw.unshift(first.rest);
    if (rest.length > 0) raw.unshift(rest);
    onNote({ kind: 'circuit', from: pairing.from, to: pairing.to });
  }

  function count(passed: number): void {
    bytes += passed;
  }

  function end(pairing: Pairing, why: string): void {
    if (!pairings.delete(pairing)) return;
    for (const token of pairing.tokens) ends.delete(token);
    if (pairing.deadline !== null) clearTimeout(pairing.deadline);
    pairing.waiting?.raw.destroy();
    pairing.splice?.close();
    const passed = pairing.splice?.bytes ?? 0;
    onNote({ kind: 'circuit-over', from: pairing.from, to: pairing.to, why, bytes: passed });
  }
}
