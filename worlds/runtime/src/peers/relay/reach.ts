/**
 * A peer's dealings with relays: it asks them for circuits to peers that cannot be called, and, if it cannot be called
 * itself, is registered with up to two of them, so that it is reached while one dies; then it moves to the next.
 */

import type { Socket } from 'node:net';
import type { NodeId } from '@concordat/kernel';
import { greet } from '../../links/greeting.ts';
import { RELAY_PROTOCOL } from '../../links/pins.ts';
import type { Book } from '../book.ts';
import { type Calling, type CallingOptions, directly, startCalling, type Way } from '../calling.ts';
import { type Backoff, createFailures } from '../failures.ts';
import { payToll, type Toll } from '../toll.ts';
import { type Control, createControl } from './control.ts';
import { type ControlMessage, encodePreamble } from './messages.ts';
import type { Relay } from './relay.ts';

export interface ReachOptions
  extends Pick<CallingOptions, 'context' | 'pins' | 'upload' | 'dialMs' | 'onNote'> {
  readonly self: NodeId;
  readonly book: Book;
  /** Of relays that could not be reached, or did not take this peer in. */
  readonly backoff: Backoff;
  readonly silentMs: number;
  /** A control link of one that is not registered is closed when it has asked nothing for so long. */
  readonly idleMs: number;
  /** This host, if it is a relay, and where it listens. */
  readonly own: () => { readonly relay: Relay; readonly host: string; readonly port: number } | null;
  /** This end of a circuit, on which the caller will speak first. */
  readonly onCircuit: (raw: Socket, toll: Toll) => void;
  /** Where it is registered from now on. */
  readonly onRelays: (relays: readonly NodeId[]) => void;
}

export interface Reach {
  /** Through a relay to a peer. */
  through(relay: NodeId, peer: NodeId): Way;
  /** Be registered with these, the earlier ones first. */
  register(relays: readonly NodeId[]): void;
  readonly relays: readonly NodeId[];
  forget(peer: NodeId): void;
  beat(spanMs: number): void;
  close(): void;
}

/** Relays at once with which a peer is registered. */
const REGISTRATIONS_MAX = 2;
/** Circuits whose other end has not proven who it is: a relay can make a peer come back, but not all the time. */
const COMING_MAX = 16;
/** Calls that a relay may tell of from one beat to the next. */
const CALLED_MAX = 64;

type Asking = (token: Uint8Array | null) => void;

/** A relay with which there is business. */
interface Dealing {
  readonly relay: NodeId;
  calling: Calling | null;
  control: Control | null;
  isRegistering: boolean;
  isRegistered: boolean;
  /** Who waits for a circuit, by the peer to be reached. */
  readonly asking: Map<NodeId, Asking>;
  idleMs: number;
  /** Since the last beat. */
  calls: number;
}

export function createReach(options: ReachOptions): Reach {
  const { self, book } = options;
  const failures = createFailures(options.backoff);
  const dealings = new Map<NodeId, Dealing>();
  let wanted: readonly NodeId[] = [];
  let told = '';
  /** Ends of circuits on their way to a relay. */
  const coming = new Set<{ end(): void }>();
  let isClosed = false;

  return {
    through,
    register: (relays) => {
      wanted = relays.filter((relay) => relay !== self);
      for (const dealing of dealings.values()) {
        if (!dealing.isRegistering || wanted.includes(dealing.relay)) continue;
        dealing.isRegistering = false;
        end(dealing);
      }
      seek();
    },
    get relays() {
      return registered();
    },
    forget: (peer) => {
      const dealing = dealings.get(peer);
      if (dealing !== undefined) end(dealing);
    },
    beat: (spanMs) => {
      for (const dealing of dealings.values()) {
        dealing.control?.beat(spanMs);
        dealing.idleMs += spanMs;
        dealing.calls = 0;
        if (isOver(dealing)) end(dealing);
      }
      failures.sweep(performance.now());
      seek();
    },
    close: () => {
      isClosed = true;
      for (const dealing of dealings.values()) end(dealing);
      for (const arrival of coming) arrival.end();
    },
  };

  /** Nobody needs it, or it never answered. */
  function isOver(dealing: Dealing): boolean {
    if (dealing.isRegistering) return !dealing.isRegistered && dealing.idleMs > options.silentMs;
    return dealing.idleMs > options.idleMs && dealing.asking.size === 0;
  }

  function through(relay: NodeId, peer: NodeId): Way {
    return (done) => {
      let cancel = (): void => {};
      const asking: Asking = (token) => {
        cancel = () => {};
        const at = relay === self ? options.own() : addressOf(relay);
        if (token === null || at === null) done(null);
        else cancel = directly(at.host, at.port, encodePreamble(token))(done);
      };
      if (relay === self) {
        const asked = setImmediate(() => asking(options.own()?.relay.reach(self, peer) ?? null));
        cancel = () => clearImmediate(asked);
      } else cancel = ask(relay, peer, asking);
      return () => cancel();
    };
  }

  function addressOf(relay: NodeId): { readonly host: string; readonly port: number } | null {
    const contact = book.get(relay);
    return contact === undefined || 'via' in contact || contact.port === 0 ? null : contact;
  }

  function ask(relay: NodeId, peer: NodeId, asking: Asking): () => void {
    const dealing = deal(relay);
    if (dealing === null) {
      const refused = setImmediate(asking, null);
      return () => clearImmediate(refused);
    }
    dealing.asking.set(peer, asking);
    dealing.idleMs = 0;
    dealing.control?.send({ kind: 'reach', peer });
    return () => {
      if (dealing.asking.get(peer) === asking) dealing.asking.delete(peer);
    };
  }

  /** The business with a relay, which is called for it; null if that is hopeless. */
  function deal(relay: NodeId): Dealing | null {
    const known = dealings.get(relay);
    if (known !== undefined) return known;
    const at = addressOf(relay);
    if (at === null || isClosed || failures.judge(relay, performance.now()) !== 'call') return null;
    const dealing: Dealing = {
      relay,
      calling: null,
      control: null,
      isRegistering: false,
      isRegistered: false,
      asking: new Map(),
      idleMs: 0,
      calls: 0,
    };
    dealings.set(relay, dealing);
    dealing.calling = startCalling({
      introduction: null,
      ...options,
      peer: relay,
      ways: [directly(at.host, at.port)],
      isRelayed: false,
      protocol: RELAY_PROTOCOL,
      onAnswer: ({ socket, toll, settled }) =>
        greet(socket, self, relay, (rest) => {
          settled();
          toll.done();
          dealing.calling = null;
          begin(dealing, socket, rest);
        }),
      onFailed: () => {
        dealing.calling = null;
        if (!dealing.isRegistering) failures.failed(relay, performance.now());
        end(dealing);
      },
    });
    return dealing;
  }

  function begin(dealing: Dealing, socket: Socket, rest: Buffer): void {
    dealing.control = createControl({
      ...options,
      socket,
      rest,
      onMessage: (message) => setImmediate(onMessage, dealing, message),
      onClosed: () => {
        dealing.control = null;
        end(dealing);
      },
    });
    if (dealing.isRegistering) dealing.control.send({ kind: 'register' });
    for (const peer of dealing.asking.keys()) dealing.control.send({ kind: 'reach', peer });
  }

  function onMessage(dealing: Dealing, message: ControlMessage): void {
    if (dealings.get(dealing.relay) !== dealing) return;
    switch (message.kind) {
      case 'registered':
        dealing.isRegistered = dealing.isRegistering;
        failures.forget(dealing.relay);
        return tell();
      case 'circuit':
        return settle(dealing, message.peer, message.token);
      case 'refused':
        return settle(dealing, message.peer, null);
      case 'called':
        return come(dealing, message.peer, message.token);
      case 'register':
      case 'reach':
        return end(dealing);
      default:
        return message satisfies never;
    }
  }

  function settle(dealing: Dealing, peer: NodeId, token: Uint8Array | null): void {
    const asking = dealing.asking.get(peer);
    dealing.asking.delete(peer);
    asking?.(token);
  }

  /** Somebody calls through a relay: this end comes to the circuit, where the caller must prove who it is. */
  function come(dealing: Dealing, from: NodeId, token: Uint8Array): void {
    if (++dealing.calls > CALLED_MAX) {
      options.onNote({ kind: 'strike', peer: dealing.relay, why: 'call-flood' });
      return end(dealing);
    }
    const at = addressOf(dealing.relay);
    if (at === null || !dealing.isRegistered || book.get(from) === undefined || coming.size >= COMING_MAX) {
      options.onNote({ kind: 'link-refused', why: 'unwanted-circuit', peer: dealing.relay });
      return;
    }
    let giveUp: (() => void) | null = null;
    const arrival = { end: () => giveUp?.() };
    const over = (): void => {
      clearTimeout(deadline);
      coming.delete(arrival);
    };
    const deadline = setTimeout(() => arrival.end(), options.dialMs);
    coming.add(arrival);
    const toll = payToll(options.upload, (paid) => {
      const hangUp = directly(
        at.host,
        at.port,
        encodePreamble(token),
      )((raw) => {
        over();
        if (raw === null) paid.cancel();
        else options.onCircuit(raw, paid);
      });
      giveUp = () => {
        hangUp();
        over();
        paid.cancel();
      };
    });
    // Unless it was paid at once.
    giveUp ??= () => {
      over();
      toll.cancel();
    };
  }

  /** Asks for a place with as many relays as are needed. */
  function seek(): void {
    if (isClosed) return;
    let count = 0;
    for (const { isRegistering } of dealings.values()) count += Number(isRegistering);
    for (const relay of wanted) {
      if (count >= REGISTRATIONS_MAX) break;
      const dealing = deal(relay);
      if (dealing === null || dealing.isRegistering) continue;
      count++;
      dealing.isRegistering = true;
      dealing.control?.send({ kind: 'register' });
    }
  }

  function end(dealing: Dealing): void {
    if (dealings.get(dealing.relay) !== dealing) return;
    dealings.delete(dealing.relay);
    dealing.calling?.close();
    dealing.control?.close();
    // One that is lost, or never took this peer in, is not the next to be asked.
    if (dealing.isRegistering) failures.failed(dealing.relay, performance.now());
    for (const asking of dealing.asking.values()) setImmediate(asking, null);
    tell();
    seek();
  }

  function registered(): NodeId[] {
    return [...dealings.values()].filter(({ isRegistered }) => isRegistered).map(({ relay }) => relay);
  }

  function tell(): void {
    const relays = registered();
    const now = relays.join();
    if (now === told) return;
    told = now;
    if (!isClosed) options.onRelays(relays);
  }
}
