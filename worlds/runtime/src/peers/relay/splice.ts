/**
 * Two raw sockets joined to one stream each way. What comes is read no faster than it leaves: a chunk is held until the
 * relay's cap and then the host's have paid for it, and until the other end has taken it. What passes is TLS between the
 * two ends, which this one can neither read nor forge; it can only stop.
 */

import type { Socket } from 'node:net';
import type { Claimant, Upload } from '../upload.ts';

export interface Splice {
  /** Passed on, both ways. */
  readonly bytes: number;
  /** Since something was passed on, in beats. */
  readonly idleMs: number;
  beat(spanMs: number): void;
  close(): void;
}

/** Each upload in turn pays for what passes, the relay's own first. `onClosed` is called once. */
export function spliceSockets(
  a: Socket,
  b: Socket,
  uploads: readonly Upload[],
  onPassed: (bytes: number) => void,
  onClosed: () => void,
): Splice {
  let bytes = 0;
  let idleMs = 0;
  let isClosed = false;
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    // What was passed on still leaves, such as the end of the TLS stream.
    a.destroySoon();
    b.destroySoon();
    onClosed();
  };
  const passed = (count: number): void => {
    bytes += count;
    idleMs = 0;
    onPassed(count);
  };
  for (const socket of [a, b]) {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.once('close', close);
  }
  direct(a, b, uploads, passed, close);
  direct(b, a, uploads, passed, close);
  return {
    get bytes() {
      return bytes;
    },
    get idleMs() {
      return idleMs;
    },
    beat: (spanMs) => {
      idleMs += spanMs;
    },
    close: () => {
      a.destroy();
      b.destroy();
      close();
    },
  };
}

/** One direction: at most one chunk is held, and one piece of it is being paid for. */
function direct(
  from: Socket,
  to: Socket,
  uploads: readonly Upload[],
  passed: (bytes: number) => void,
  ended: () => void,
): void {
  const pieceMax = Math.min(...uploads.map(({ pieceBytes }) => pieceBytes));
  let held: Buffer | null = null;
  /** How many uploads have been paid for the piece that is next. */
  let stage = 0;
  let isStuck = false;
  let hasEnded = false;
  const pieceBytes = (): number => Math.min(held?.length ?? 0, pieceMax);
  const claimants = uploads.map(
    (_, index): Claimant => ({
      nextBytes: () => (stage === index && !isStuck && !to.destroyed ? pieceBytes() : 0),
      leave: () => {
        stage++;
        advance();
      },
      isWaiting: false,
      credit: 0,
    }),
  );

  from.on('data', (chunk: Buffer) => {
    held = chunk;
    from.pause();
    advance();
  });
  from.on('end', () => {
    hasEnded = true;
    if (held === null) ended();
  });
  to.on('drain', () => {
    isStuck = false;
    advance();
  });
  from.resume();

  function advance(): void {
    if (isStuck || to.destroyed) return;
    const [upload, claimant] = [uploads[stage], claimants[stage]];
    if (held === null) {
      if (hasEnded) ended();
      else from.resume();
    } else if (upload !== undefined && claimant !== undefined) upload.enter(claimant);
    else write(held);
  }

  function write(chunk: Buffer): void {
    const piece = chunk.subarray(0, pieceMax);
    held = piece.length < chunk.length ? chunk.subarray(piece.length) : null;
    stage = 0;
    passed(piece.length);
    isStuck = !to.write(piece);
    advance();
  }
}
