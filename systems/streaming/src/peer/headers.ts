/** Headers of rounds: taken in once the broadcaster's signature holds, whoever passed them on. */

import { createWriter } from '@concordat/wire';
import { type RoundHeader, writeHeaderBody } from '../content/header.ts';
import { headerOf, isCurrent, putHeader } from '../content/store.ts';
import type { Signer, StreamKeys } from '../keys.ts';
import { signedBytes } from '../statement.ts';
import type { PeerState } from './state.ts';

const room = createWriter(256);

export function isHeaderSigned(
  keys: Pick<StreamKeys, 'verify'>,
  stream: Uint8Array,
  broadcaster: Signer,
  header: RoundHeader,
): boolean {
  writeHeaderBody(room, header);
  return keys.verify(broadcaster, signedBytes(stream, 'header', room.finish()), header.signature);
}

export function signHeader(
  keys: StreamKeys,
  stream: Uint8Array,
  header: Omit<RoundHeader, 'signature'>,
): RoundHeader {
  writeHeaderBody(room, header);
  return { ...header, signature: keys.sign(signedBytes(stream, 'header', room.finish())) };
}

/** Keeps an authentic header of a round of the window; true if the round's header is known now. */
export function learnHeader(peer: PeerState, header: RoundHeader): boolean {
  const { store, setup, meter } = peer;
  if (!isCurrent(store, header.round)) return false;
  if (headerOf(store, header.round) !== undefined) return true;
  meter.verifications++;
  if (!isHeaderSigned(setup.keys, setup.stream, setup.broadcaster, header)) {
    meter.hostile++;
    return false;
  }
  putHeader(store, header);
  return true;
}
