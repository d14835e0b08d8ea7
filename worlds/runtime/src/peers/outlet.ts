/**
 * The way out to one peer: what waits leaves when there is a link, piece by piece as the upload lets it; what waits too
 * long, or in too large a crowd, is dropped.
 */

import type { NodeId, Note } from '@concordat/kernel';
import type { Peer } from '../links/peer.ts';
import type { Accounts } from './accounts.ts';
import { createOutgoing } from './outgoing.ts';
import { type Claimant, RECORD_BYTES, recordsBytes, type Upload } from './upload.ts';

export interface OutletOptions {
  readonly id: NodeId;
  readonly peer: () => Peer;
  readonly upload: Upload;
  readonly accounts: Accounts;
  readonly waitingBytes: number;
  readonly staleMs: number;
  lost(messages: number): void;
  note(note: Note): void;
}

export interface Outlet {
  push(block: Uint8Array, messages: number): void;
  /** Lets what waits leave. */
  pump(): void;
  /** What was written has been taken. */
  drained(): void;
  /** The other end says goodbye: this one does as soon as no frame has left in part. What waits, waits for the next link. */
  goodbye(): void;
  /** The link is gone: it may have been amid a frame. */
  down(): void;
  drop(why: string): void;
  beat(): void;
  readonly isEmpty: boolean;
  readonly bytes: number;
}

/** Under a cap no more is written ahead of what the socket takes: a quick reader must not get all at once what was paid long ago. */
const AHEAD_BYTES = 2 * RECORD_BYTES;

export function createOutlet(options: OutletOptions): Outlet {
  const { id, upload, accounts } = options;
  const outgoing = createOutgoing(options.waitingBytes);
  /** Since when the socket takes nothing. */
  let stuckSince: number | null = null;
  let isAskedToPart = false;
  const claimant: Claimant = { nextBytes, leave, isWaiting: false, credit: 0 };

  return {
    push: (block, messages) => lose(outgoing.push(block, messages, performance.now()), 'too-much'),
    pump,
    drained: () => {
      stuckSince = null;
      pump();
    },
    goodbye: () => {
      isAskedToPart = true;
      if (outgoing.isAmidFrame) upload.enter(claimant);
      else options.peer().part();
    },
    down: () => {
      isAskedToPart = false;
      stuckSince = null;
    },
    drop: (why) => lose(outgoing.clear(), why),
    beat: () => {
      const before = performance.now() - options.staleMs;
      lose(outgoing.expire(before), 'stale');
      if (stuckSince !== null && stuckSince < before) options.peer().detach('overflow');
    },
    get isEmpty() {
      return outgoing.isEmpty;
    },
    get bytes() {
      return outgoing.bytes;
    },
  };

  function pump(): void {
    if (!outgoing.isEmpty) upload.enter(claimant);
  }

  function nextBytes(): number {
    const peer = options.peer();
    if (!peer.isUp || peer.isParting()) return 0;
    const now = performance.now();
    lose(outgoing.expire(now - options.staleMs), 'stale');
    if (isAskedToPart && !outgoing.isAmidFrame) {
      peer.part();
      return 0;
    }
    const piece = outgoing.peek(upload.pieceBytes);
    if (piece === null) return 0;
    if (upload.isCapped && peer.outboxBytes > AHEAD_BYTES) {
      stuckSince ??= now;
      return 0;
    }
    return recordsBytes(piece.length);
  }

  function leave(): void {
    const piece = outgoing.peek(upload.pieceBytes);
    if (piece === null) return;
    const payloadBytes = outgoing.isSaying ? piece.length : 0;
    accounts.add(id, payloadBytes, recordsBytes(piece.length) - payloadBytes);
    outgoing.took(piece);
    options.peer().write(piece);
  }

  function lose(messages: number, why: string): void {
    if (messages === 0) return;
    options.lost(messages);
    options.note({ kind: 'messages-dropped', peer: id, messages, why });
  }
}
