/**
 * Bounds of what clients may make a gateway do and keep. Where ZooKeeper has such a limit, its name stands beside it.
 * Work that exceeds them waits in its client's socket, heaviest first; only what cannot wait is refused.
 */

import { MAX_OPERATION_BYTES } from '@concordat/kernel';
import { MAX_FRAME_PAYLOAD_BYTES } from '../jute/protocol.ts';

export interface GatewayLimits {
  /** maxCnxns: connections in all; 0 for any number. */
  readonly maxConnections: number;
  /** maxClientCnxns: connections from one address, loopback apart; 0 for any number. */
  readonly maxPerAddress: number;
  /** Connections that have not said who they are; beyond, the oldest of them is closed. */
  readonly maxHandshakes: number;
  /** nio.sessionlessCnxnTimeout: how long a connection may take to say who it is. */
  readonly handshakeMs: number;
  /** Sessions that are opened or moved here at the same time; other handshakes wait. */
  readonly maxAttaching: number;
  /** jute.maxbuffer: bytes of a request. */
  readonly maxFrameBytes: number;
  /** largeRequestThreshold: a request beyond this is a large one; -1 if none is. */
  readonly largeRequestBytes: number;
  /** largeRequestMaxBytes: of all large requests that wait or are under way; whoever exceeds it is closed. */
  readonly maxLargeBytes: number;
  /** Requests of one session that wait or are under way, and their bytes, beyond which it is not read. */
  readonly sessionRequests: number;
  readonly sessionBytes: number;
  /** globalOutstandingLimit: of all sessions; beyond, those with more than an equal share are not read. */
  readonly globalRequests: number;
  readonly globalBytes: number;
  /** Where sockets cannot be left unread, a session that goes beyond these is closed. */
  readonly maxOutstanding: number;
  readonly maxOutstandingBytes: number;
  /** requestThrottleLimit: requests that are being ordered, and their bytes; others wait for their turn. */
  readonly orderedRequests: number;
  readonly orderedBytes: number;
  /** throttledOpWaitTime: a write that waited longer gets ThrottledOp; 0 for its session's timeout. */
  readonly throttledOpMs: number;
  /** Bytes that one turn reads and answers, so that nobody waits longer for the next. */
  readonly turnBytes: number;
  /** Bytes of one reply; whoever asks for more gets a MarshallingError. */
  readonly maxReplyBytes: number;
  /** Replies and events that a client has not taken: with so many bytes it is not served until it takes some. */
  readonly unreadBytes: number;
  /** With so many it is closed, and so are those who take nothing when all together have so many. */
  readonly maxUnreadBytes: number;
  readonly maxAllUnreadBytes: number;
  readonly maxWatches: number;
}

const MIB = 1024 * 1024;

export const GATEWAY_LIMITS: GatewayLimits = {
  maxConnections: 20_000,
  maxPerAddress: 60,
  maxHandshakes: 1000,
  handshakeMs: 10_000,
  // Each costs everybody two checks of signatures, some 0.2 ms: what established sessions may have to wait for.
  maxAttaching: 64,
  maxFrameBytes: MAX_FRAME_PAYLOAD_BYTES,
  largeRequestBytes: -1,
  maxLargeBytes: 100 * MIB,
  sessionRequests: 1000,
  sessionBytes: 4 * MIB,
  // ZooKeeper's is 1000, of machines of 2008; 300 clients with 50 requests each are no overload.
  globalRequests: 20_000,
  globalBytes: 64 * MIB,
  maxOutstanding: 20_000,
  maxOutstandingBytes: 32 * MIB,
  // Enough to keep the replicas busy; whoever comes next waits for so many at most.
  orderedRequests: 4096,
  orderedBytes: 8 * MIB,
  throttledOpMs: 0,
  turnBytes: 8 * MIB,
  maxReplyBytes: 8 * MIB,
  unreadBytes: MIB,
  maxUnreadBytes: 16 * MIB,
  maxAllUnreadBytes: 256 * MIB,
  maxWatches: 200_000,
};

/** Why nobody, or not everybody, could be served within these limits; null if they fit each other. */
export function problemOf(limits: GatewayLimits): string | null {
  const { sessionBytes, orderedBytes, maxFrameBytes, maxReplyBytes, unreadBytes, maxUnreadBytes } = limits;
  if (maxFrameBytes > MAX_OPERATION_BYTES) return `a request has at most ${MAX_OPERATION_BYTES} bytes`;
  if (Math.min(sessionBytes, orderedBytes) <= maxFrameBytes)
    return 'the largest request could not be ordered';
  if (unreadBytes + maxReplyBytes > maxUnreadBytes)
    return 'whoever asks for the largest reply would be closed';
  const counts = [limits.maxHandshakes, limits.maxAttaching, limits.sessionRequests, limits.orderedRequests];
  return Math.min(...counts) < 1 ? 'nothing could ever begin' : null;
}
