/**
 * What passes between a gateway and its clients. Frames carry no length prefix: the edge's framing adds and removes
 * it, tells four-letter words from frames, and hands over bytes that nobody else writes to.
 */

export interface ClientFrame {
  readonly type: 'client-frame';
  readonly bytes: Uint8Array;
}

/** A four-letter administrative command, as ZooKeeper's `ruok` and `srvr`; from a client only. */
export interface ClientWord {
  readonly type: 'client-word';
  readonly word: string;
}

/** The answer to a word: bytes as they are, then the connection closes; to a client only. */
export interface ClientRaw {
  readonly type: 'client-raw';
  readonly bytes: Uint8Array;
}

export type GatewayMessage = ClientFrame | ClientWord | ClientRaw;

export const clientFrame = (bytes: Uint8Array): ClientFrame => ({ type: 'client-frame', bytes });
