/**
 * How fast a host may upload over all its peer links together: a token bucket, in bytes of TCP payload, handshakes
 * and relayed bytes included. In any span of t seconds at most `burstBytes + t * bytesPerSecond` leave: what costs is
 * paid before it is written, never after. Those who wait are served in rotation, a quantum of bytes each (deficit round
 * robin, Shreedhar and Varghese 1995), so that a peer with much to send delays itself and nobody else.
 */

import { RuntimeError } from '../errors.ts';

export interface UploadCap {
  readonly bytesPerSecond: number;
  /** What may leave at once after a rest; at least `BURST_MIN_BYTES`. */
  readonly burstBytes: number;
}

/** Somebody who has pieces to send, one after the other. */
export interface Claimant {
  /** What its next piece costs; 0 if it has none, or cannot send now: then it enters again when it can. */
  nextBytes(): number;
  /** It is paid for: it leaves. */
  leave(): void;
  /** Owned by the upload: it waits, and may spend so much before it is another's turn. */
  isWaiting: boolean;
  credit: number;
}

export interface Upload {
  readonly isCapped: boolean;
  /** Of the payload of one piece: a whole TLS record, or without a cap any size. */
  readonly pieceBytes: number;
  /** Serves whoever waits, this one at the end; cheap to repeat. */
  enter(claimant: Claimant): void;
  /** Gives back what was paid and not sent. */
  refund(bytes: number): void;
  readonly waiting: number;
  /** Nobody is served any more. */
  close(): void;
}

/** OpenSSL makes one record of what is written at once, up to this. */
export const RECORD_BYTES = 16_384;
/** Of TLS 1.3 with AES-GCM or ChaCha20-Poly1305: 5 of header, 1 of inner type, 16 of authentication. */
const RECORD_OVERHEAD_BYTES = 22;

/**
 * More than either end of a handshake with self-signed certificates sends until the link is up: 0.8 to 1.0 kB, with the
 * greeting, as seen with OpenSSL 3.0; one of the post-quantum key shares of later ones adds 1.2. What was not sent is
 * given back.
 */
export const HANDSHAKE_BYTES = 2560;
/** Kept of it for the end: a goodbye, and the TLS close. */
export const PARTING_BYTES = 64;
export const BURST_MIN_BYTES = 2 * HANDSHAKE_BYTES;

/** Small, so that a handshake waits for little of everybody else; a whole record takes several rounds to earn. */
const QUANTUM_BYTES = HANDSHAKE_BYTES;

/** What `payloadBytes` written at once take up in TLS records. */
export const recordsBytes = (payloadBytes: number): number =>
  payloadBytes + RECORD_OVERHEAD_BYTES * Math.ceil(payloadBytes / RECORD_BYTES);

/** Throws `bad-configuration` for a cap under which nothing could be sent. */
export function createUpload(cap: UploadCap | null): Upload {
  if (cap !== null && !(cap.bytesPerSecond > 0 && cap.burstBytes >= BURST_MIN_BYTES)) {
    throw new RuntimeError(
      'bad-configuration',
      `an upload cap needs a rate above 0 and a burst of at least ${BURST_MIN_BYTES} bytes`,
    );
  }
  const burst = cap?.burstBytes ?? Number.POSITIVE_INFINITY;
  const perMs = (cap?.bytesPerSecond ?? 0) / 1000;
  let tokens = burst;
  let filledAt = performance.now();
  let ring: Claimant[] = [];
  let timer: NodeJS.Timeout | null = null;
  let isServing = false;
  let isClosed = false;

  return {
    isCapped: cap !== null,
    pieceBytes: cap === null ? burst : Math.min(RECORD_BYTES, burst - RECORD_OVERHEAD_BYTES),
    enter: (claimant) => {
      if (claimant.isWaiting || isClosed) return;
      claimant.isWaiting = true;
      claimant.credit = 0;
      ring.push(claimant);
      serve();
    },
    refund: (bytes) => {
      tokens = Math.min(burst, tokens + bytes);
      serve();
    },
    get waiting() {
      return ring.length;
    },
    close: () => {
      isClosed = true;
      ring = [];
      if (timer !== null) clearTimeout(timer);
    },
  };

  function fill(): void {
    const now = performance.now();
    tokens = Math.min(burst, tokens + (now - filledAt) * perMs);
    filledAt = now;
  }

  /** Whoever is first waits for the tokens it needs; nobody overtakes it with a smaller piece. */
  function serve(): void {
    // Sending may end links, and give back what they have paid.
    if (isServing || isClosed) return;
    isServing = true;
    fill();
    for (let first = ring[0]; first !== undefined; first = ring[0]) {
      const bytes = first.nextBytes();
      if (bytes === 0) {
        ring.shift();
        first.isWaiting = false;
      } else if (bytes > first.credit && ring.length > 1) {
        first.credit += QUANTUM_BYTES;
        ring.push(...ring.splice(0, 1));
      } else if (bytes > tokens) {
        arm(bytes);
        break;
      } else {
        tokens -= bytes;
        first.credit = Math.max(0, first.credit - bytes);
        first.leave();
      }
    }
    isServing = false;
  }

  function arm(bytes: number): void {
    timer ??= setTimeout(
      () => {
        timer = null;
        serve();
      },
      Math.ceil((bytes - tokens) / perMs),
    );
  }
}
