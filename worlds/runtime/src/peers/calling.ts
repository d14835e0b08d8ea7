/**
 * One call to one peer, by the ways that lead there: directly, or through one relay after the other. It waits for the
 * means to upload a handshake; from then on every way has so much time.
 */

import { connect, type Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { NodeId, Note } from '@concordat/kernel';
import { placeCall } from '../links/call.ts';
import { introduce } from '../links/introduction.ts';
import { payToll, type Toll } from './toll.ts';
import type { Upload } from './upload.ts';

/** Gets a socket to where the peer is; null is a failure. Never is `done` before it has returned what gives it up. */
export type Way = (done: (raw: Socket | null) => void) => () => void;

export interface CallingOptions {
  readonly peer: NodeId;
  readonly ways: readonly Way[];
  readonly isRelayed: boolean;
  readonly context: SecureContext;
  readonly pins: ReadonlyMap<string, NodeId>;
  readonly protocol: string;
  /** Shown first, in the protocol that has room for it. */
  readonly introduction: Uint8Array | null;
  readonly upload: Upload;
  /** For each way. */
  readonly dialMs: number;
  readonly onNote: (note: Note) => void;
  readonly onAnswer: (answer: Answer) => void;
  readonly onFailed: () => void;
}

/** Somebody whose key is the peer's has answered; the deadline holds until `settled`. */
export interface Answer {
  readonly socket: TLSSocket;
  readonly raw: Socket;
  readonly toll: Toll;
  settled(): void;
}

export interface Calling {
  readonly isRelayed: boolean;
  /** Something may have reached the peer. */
  hasBegun(): boolean;
  /** Somebody waits for the outcome: half the time must do. */
  hurry(): void;
  /** Gives up, without `onFailed`. */
  close(): void;
}

export function startCalling(options: CallingOptions): Calling {
  const { dialMs } = options;
  let isOver = false;
  /** The way that is being tried: gives it up. */
  let giveUp = (): void => {};
  let deadline: NodeJS.Timeout | null = null;
  let startedAt = Number.POSITIVE_INFINITY;
  let isHurried = false;
  let rearm = (): void => {};

  const hasBegun = (): boolean => startedAt < Number.POSITIVE_INFINITY;
  take(options.ways);
  return { isRelayed: options.isRelayed, hasBegun, hurry, close };

  function take([way, ...others]: readonly Way[]): void {
    giveUp = () => {};
    startedAt = Number.POSITIVE_INFINITY;
    if (isOver) return;
    if (way === undefined) {
      close();
      options.onFailed();
      return;
    }
    let hasFailed = false;
    const failed = (): void => {
      if (hasFailed || isOver) return;
      hasFailed = true;
      giveUp();
      take(others);
    };
    const paid = payToll(options.upload, (toll) => {
      startedAt = performance.now();
      arm(failed);
      const abandon = way((raw) => {
        if (raw === null) failed();
        else talk(raw, toll, failed);
      });
      giveUp = () => {
        abandon();
        toll.cancel();
      };
    });
    // Unless it has been paid at once.
    if (!hasBegun()) giveUp = paid.cancel;
  }

  function talk(raw: Socket, toll: Toll, failed: () => void): void {
    toll.spentOn(raw);
    const socket = placeCall({
      ...options,
      at: { socket: raw },
      // The deadline of the whole way is shorter.
      handshakeMs: dialMs,
      onAnswer: (answered, hangUpLess) => {
        if (options.introduction !== null) introduce(answered, options.introduction);
        options.onAnswer({
          socket: answered,
          raw,
          toll,
          settled: () => {
            hangUpLess();
            isOver = true;
            if (deadline !== null) clearTimeout(deadline);
          },
        });
      },
      onFailed: failed,
    });
    giveUp = () => void socket.destroy();
  }

  function arm(failed: () => void): void {
    if (deadline !== null) clearTimeout(deadline);
    const spanMs = isHurried ? dialMs / 2 : dialMs;
    deadline = setTimeout(failed, Math.max(0, startedAt + spanMs - performance.now()));
    rearm = () => arm(failed);
  }

  function hurry(): void {
    if (isHurried || isOver) return;
    isHurried = true;
    if (deadline !== null) rearm();
  }

  function close(): void {
    if (isOver) return;
    isOver = true;
    if (deadline !== null) clearTimeout(deadline);
    giveUp();
  }
}

/** To an address, as it is; `opening` is the first that is said there. */
export const directly =
  (host: string, port: number, opening?: Uint8Array): Way =>
  (done) => {
    const raw = connect({ host, port });
    const fail = (): void => done(null);
    raw.setNoDelay(true);
    raw.on('error', () => {});
    raw.once('close', fail);
    raw.once('connect', () => {
      raw.off('close', fail);
      if (opening !== undefined) raw.write(opening);
      done(raw);
    });
    return () => {
      raw.off('close', fail);
      raw.destroy();
    };
  };
