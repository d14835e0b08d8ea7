/**
 * A handshake pays before its first byte leaves, for more than it takes; what it did not take is given back when the
 * link is up, or when it has failed.
 */

import type { Socket } from 'node:net';
import { type Claimant, HANDSHAKE_BYTES, PARTING_BYTES, type Upload } from './upload.ts';

export interface Toll {
  /** The socket that the handshake is on. */
  spentOn(raw: Socket): void;
  /** It is done: from here on, what is written is paid for by whoever writes it, but for the end. */
  done(): void;
  /** Nobody wants it any more. */
  cancel(): void;
}

/** Calls `pass` when it is paid: at once without a cap. */
export type PayToll = (pass: (toll: Toll) => void) => Toll;

/** For handshakes of whoever calls: together they wait for one's share, or strangers would have the upload among them. */
export function createTollGate(upload: Upload): PayToll {
  const waiting: Claimant[] = [];
  const claimant: Claimant = {
    nextBytes: () => {
      while (waiting[0]?.nextBytes() === 0) waiting.shift();
      return waiting[0]?.nextBytes() ?? 0;
    },
    leave: () => waiting.shift()?.leave(),
    isWaiting: false,
    credit: 0,
  };
  return (pass) =>
    createToll(upload, pass, (toll) => {
      waiting.push(toll);
      upload.enter(claimant);
    });
}

export const payToll = (upload: Upload, pass: (toll: Toll) => void): Toll =>
  createToll(upload, pass, upload.enter);

function createToll(upload: Upload, pass: (toll: Toll) => void, enter: (claimant: Claimant) => void): Toll {
  let isWanted = true;
  let owedBytes = 0;
  let raw: Socket | null = null;
  const settle = (keptBytes: number): void => {
    const bytes = owedBytes - (raw?.bytesWritten ?? 0) - keptBytes;
    const wasOwed = owedBytes > 0;
    owedBytes = 0;
    if (wasOwed) upload.refund(bytes);
  };
  const toll: Toll = {
    spentOn: (socket) => {
      raw = socket;
      socket.once('close', () => settle(0));
    },
    done: () => settle(PARTING_BYTES),
    cancel: () => {
      isWanted = false;
      if (raw === null) settle(0);
    },
  };
  const claimant: Claimant = {
    nextBytes: () => (isWanted && raw?.destroyed !== true ? HANDSHAKE_BYTES : 0),
    leave: () => {
      isWanted = false;
      owedBytes = HANDSHAKE_BYTES;
      pass(toll);
    },
    isWaiting: false,
    credit: 0,
  };
  enter(claimant);
  return toll;
}
