/** Signed answers of the clock. */

import type { Digest, Millis } from '@concordat/kernel';
import { createWriter } from '@concordat/wire';
import type { Signer, StreamKeys } from './keys.ts';
import type { Beacon } from './messages/messages.ts';
import { signedBytes } from './statement.ts';

const room = createWriter(16);

/** body: u32 nonce | f64 milliseconds of the stream */
function bodyOf(nonce: number, sessionMs: Millis): Uint8Array {
  room.u32(nonce);
  room.f64(sessionMs);
  return room.finish();
}

export const createBeacon = (keys: StreamKeys, stream: Digest, nonce: number, sessionMs: Millis): Beacon => ({
  kind: 'beacon',
  nonce,
  sessionMs,
  signature: keys.sign(signedBytes(stream, 'beacon', bodyOf(nonce, sessionMs))),
});

export const isBeaconSigned = (
  keys: Pick<StreamKeys, 'verify'>,
  stream: Digest,
  clock: Signer,
  { nonce, sessionMs, signature }: Beacon,
): boolean => keys.verify(clock, signedBytes(stream, 'beacon', bodyOf(nonce, sessionMs)), signature);
