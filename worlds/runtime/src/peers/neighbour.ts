/**
 * A peer in use: it is called, calls, or is linked; or something waits for it. Both ends may call at the same moment,
 * and one link must survive, the same for both:
 *
 *   - The end that is called greets first: it offers. The caller greets last: it commits, and both may speak.
 *   - Of two calls the direct one goes before the relayed one, then that of the smaller id. Whose call goes before does
 *     not offer while it calls; the other end offers at once, and commits to nothing of its own until that offer has failed.
 *   - Whoever offers does not call; whoever is linked does not commit. So who commits while the other end is still linked
 *     has lost that link, and the new one replaces it.
 *
 * Nothing is written before the commit, and what waits is kept until then: a lost call loses no message.
 */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { MessageCodec, NodeId, Note } from '@concordat/kernel';
import type { Source } from '../host/inbox.ts';
import type { Stranger } from '../links/accept.ts';
import { awaitGreeting, sayGreeting } from '../links/greeting.ts';
import { createPeer, type Peer, type PeerLimits } from '../links/peer.ts';
import type { Accounts } from './accounts.ts';
import type { Answer, Calling } from './calling.ts';
import type { Failures } from './failures.ts';
import { createOutlet } from './outlet.ts';
import type { Toll } from './toll.ts';
import type { Upload } from './upload.ts';

/** What neighbours of one host share. */
export interface Neighbourhood<M> {
  readonly self: NodeId;
  readonly codec: MessageCodec<M>;
  readonly limits: PeerLimits & {
    readonly waitingBytes: number;
    readonly staleMs: number;
    readonly dialMs: number;
  };
  readonly upload: Upload;
  readonly accounts: Accounts;
  readonly failures: Failures;
  /** Before that nobody is called: what is sent waits. */
  hasOpened(): boolean;
  /** Starts to call; null if nobody can, or there is no room for a link. */
  call(id: NodeId, events: CallEvents): Calling | null;
  ready(source: Source<M>): void;
  note(note: Note): void;
  sent(bytes: number): void;
  received(bytes: number): void;
  lost(messages: number): void;
}

export interface CallEvents {
  answered(answer: Answer): void;
  failed(): void;
}

/** Somebody who is this peer calls. */
export interface Caller {
  readonly socket: TLSSocket;
  readonly stranger: Stranger;
  readonly toll: Toll;
  readonly isRelayed: boolean;
}

export interface Neighbour {
  readonly id: NodeId;
  readonly peer: Peer;
  readonly isLinked: boolean;
  /** Sockets are open for it, unless only to part. */
  readonly isEngaged: boolean;
  /** Its link may end: nothing waits to leave. */
  readonly isIdle: boolean;
  /** Nothing would be lost with it. */
  readonly isForgettable: boolean;
  /** When something of the processes last went either way, by `performance.now`. */
  readonly usedAt: number;
  readonly outgoingBytes: number;
  /** Calls if there is something to say and nobody was to be called before. */
  opened(): void;
  called(caller: Caller): void;
  beat(spanMs: number): void;
  /** Ends everything about it at once, and tells the process if it was linked. */
  end(why: string): void;
}

export function createNeighbour<M>(id: NodeId, around: Neighbourhood<M>): Neighbour {
  const { self, limits, failures } = around;
  const outlet = createOutlet({ ...around, ...limits, id, peer: () => peer });
  let calling: Calling | null = null;
  /** The call is answered; there is no link yet because of an offer. */
  let answer: (Answer & { readonly rest: Buffer }) | null = null;
  let caller: (Caller & { isOffered: boolean }) | null = null;
  let usedAt = performance.now();
  let upSince = 0;
  /** On the present link. */
  let hasHeard = false;
  let hasEnded = false;

  const peer = createPeer(id, around.codec, limits, {
    ...around,
    down,
    onDemand: { depart, heard, goodbye: outlet.goodbye, drained: outlet.drained },
  });
  return {
    id,
    peer,
    get isLinked() {
      return peer.isUp && !peer.isParting();
    },
    get isEngaged() {
      return (peer.isUp && !peer.isParting()) || calling !== null || caller !== null;
    },
    get isIdle() {
      return peer.isUp && !peer.isParting() && outlet.isEmpty;
    },
    get isForgettable() {
      return !peer.isUp && calling === null && caller === null && outlet.isEmpty && !peer.isBusy();
    },
    get usedAt() {
      return usedAt;
    },
    get outgoingBytes() {
      return outlet.bytes + peer.outboxBytes;
    },
    opened: advance,
    called,
    beat,
    end: (why) => {
      hasEnded = true;
      giveUpCalling();
      caller?.socket.destroy();
      caller = null;
      outlet.drop(why);
      peer.detach(why);
    },
  };

  function depart(block: Uint8Array, messages: number): void {
    if (hasEnded) return around.lost(messages);
    if (messages > 0) usedAt = performance.now();
    // What waits will show that this end is alive.
    else if (!outlet.isEmpty) return;
    outlet.push(block, messages);
    advance();
  }

  /** Takes the next step towards a link, or over it. */
  function advance(): void {
    if (hasEnded) return;
    if (caller?.isOffered === false && !peer.isParting() && !ownCallGoesBefore(caller)) offer(caller);
    if (peer.isParting()) return;
    if (peer.isUp) outlet.pump();
    else if (caller?.isOffered === true) return;
    else if (answer !== null) commit(answer);
    else if (calling === null && caller === null && !outlet.isEmpty && around.hasOpened()) call();
  }

  function ownCallGoesBefore({ isRelayed }: Caller): boolean {
    if (calling === null) return false;
    return calling.isRelayed === isRelayed ? self < id : isRelayed;
  }

  function call(): void {
    const judgement = failures.judge(id, performance.now());
    if (judgement === 'call') calling = around.call(id, { answered, failed });
    if (calling !== null) return;
    if (judgement === 'call') failures.failed(id, performance.now());
    outlet.drop('unreachable');
    if (judgement !== 'wait') peer.unreachable();
  }

  function failed(): void {
    calling = null;
    answer = null;
    failures.failed(id, performance.now());
    if (caller === null && !peer.isUp) {
      outlet.drop('unreachable');
      around.note({ kind: 'peer-unreachable', peer: id });
      peer.unreachable();
    }
    advance();
  }

  /** The other end is ready to greet: its greeting is its offer. */
  function answered(given: Answer): void {
    awaitGreeting(given.socket, self, id, (rest) => {
      // Nobody reads it until there is a link.
      given.socket.pause();
      answer = { ...given, rest };
      advance();
    });
  }

  function commit({ socket, raw, toll, settled, rest }: NonNullable<typeof answer>): void {
    if (socket.destroyed) return;
    settled();
    calling = null;
    answer = null;
    dismiss();
    sayGreeting(socket, self, id);
    attach(socket, raw, toll, rest);
  }

  function called(given: Caller): void {
    dismiss();
    const arrived = { ...given, isOffered: false };
    caller = arrived;
    given.socket.once('close', () => {
      if (caller !== arrived) return;
      caller = null;
      advance();
    });
    // A call that still waits for the means to upload it is not needed any more.
    if (calling?.hasBegun() === false) giveUpCalling();
    if (ownCallGoesBefore(arrived)) calling?.hurry();
    advance();
  }

  function offer(given: NonNullable<typeof caller>): void {
    const { socket, stranger, toll } = given;
    given.isOffered = true;
    awaitGreeting(socket, self, id, (rest) => {
      stranger.known();
      // Another one that called later has been offered instead.
      if (caller !== given || hasEnded) return void socket.destroy();
      caller = null;
      giveUpCalling();
      attach(socket, stranger.raw, toll, rest);
    });
    sayGreeting(socket, self, id);
  }

  function dismiss(): void {
    const dismissed = caller;
    caller = null;
    dismissed?.socket.destroy();
  }

  function giveUpCalling(): void {
    calling?.close();
    calling = null;
    answer = null;
  }

  function attach(socket: TLSSocket, raw: Socket, toll: Toll, rest: Buffer): void {
    around.accounts.add(id, 0, raw.bytesWritten);
    toll.done();
    peer.detach('replaced');
    usedAt = performance.now();
    upSince = usedAt;
    hasHeard = false;
    failures.forget(id);
    peer.attach(socket, rest);
    advance();
  }

  function down(hasParted: boolean): void {
    outlet.down();
    if (hasParted) return advance();
    outlet.drop('broken');
    // Whoever hangs up on every link at once is not called for every message.
    const now = performance.now();
    if (!hasEnded && !hasHeard && now - upSince < limits.dialMs) failures.failed(id, now);
  }

  function heard(): void {
    hasHeard = true;
    usedAt = performance.now();
  }

  function beat(spanMs: number): void {
    outlet.beat();
    // It has waited in vain for the means to call.
    const isStale = performance.now() - usedAt > limits.staleMs;
    if (outlet.isEmpty && calling !== null && caller === null && isStale) giveUpCalling();
    peer.beat(spanMs);
  }
}
