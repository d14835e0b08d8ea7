/** The first frame of a connection. Clients before 3.4 leave out the trailing read-only flag, and get none back. */

import type { JuteReader, Long } from './reader.ts';

export interface ConnectRequest {
  readonly lastZxidSeen: Long;
  readonly timeoutMs: number;
  /** Zero for a new session. */
  readonly session: Long;
  readonly password: Uint8Array;
  readonly hasReadOnly: boolean;
  /** It would rather read what may be old than not at all. */
  readonly readOnly: boolean;
}

const MAX_PASSWORD_BYTES = 64;
const NO_PASSWORD = new Uint8Array(0);

/** Null for anything that is not a handshake of protocol version 0. */
export function readConnectRequest(reader: JuteReader): ConnectRequest | null {
  if (reader.int() !== 0) reader.fail();
  const lastZxidSeen = reader.long();
  const timeoutMs = reader.int();
  const session = reader.long();
  const password = reader.buffer() ?? NO_PASSWORD;
  if (password.length > MAX_PASSWORD_BYTES) reader.fail();
  const hasReadOnly = reader.rest > 0;
  const readOnly = hasReadOnly && reader.bool();
  return reader.done() ? { lastZxidSeen, timeoutMs, session, password, hasReadOnly, readOnly } : null;
}
