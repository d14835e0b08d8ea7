/** What every host of a stream is made of. */

import { mkdirSync, readdirSync } from 'node:fs';
import type { MessageCodec } from '@concordat/kernel';
import {
  BURST_MIN_BYTES,
  createJournal,
  createKeys,
  createMemoryDisk,
  createStreamCipher,
  type Journal,
  openJournal,
  type RuntimeKeys,
  sha256,
  type UploadCap,
} from '@concordat/runtime';
import { junkBytesOf, type StreamConfig } from '../../config.ts';
import { partBytes } from '../../content/encode.ts';
import { createFlightCodec, type FlightMessage } from '../../flightpath/messages.ts';
import { createSealing, type Sealing } from '../../trade/sealing.ts';
import type { StreamIdentity } from './identity.ts';

/** A briefcase of all that one peer can give another at once. */
export const frameBytesOf = ({ packetBytes, packetsPerRound }: StreamConfig): number =>
  Math.max(1024 * 1024, 4 * packetBytes * packetsPerRound);

/** A quarter of a second may leave at once after a rest. */
export const capOf = (bytesPerSecond: number): UploadCap => ({
  bytesPerSecond,
  burstBytes: Math.max(BURST_MIN_BYTES, Math.ceil(bytesPerSecond / 4)),
});

/** Bytes of media that a round can carry. */
export const mediaBytesOf = ({ packetBytes, neededPackets }: StreamConfig): number =>
  packetBytes * neededPackets;

export const codecOf = (config: StreamConfig): MessageCodec<FlightMessage> => createFlightCodec(config);

export function sealingOf(config: StreamConfig): Sealing {
  const maxPayloadBytes = partBytes(mediaBytesOf(config), config.neededPackets);
  return createSealing(sha256, createStreamCipher(), { maxPayloadBytes, junkBytes: junkBytesOf(config) });
}

/** Statements are checked by the keys that lists have; a host itself signs nothing. */
export const hostKeysOf = (self: number, { identity }: StreamIdentity): RuntimeKeys =>
  createKeys({ self, seed: identity.seed, publicKeys: new Map([[self, identity.publicKey]]) });

/** The journal in `folder`, made if there is none; in memory without a folder. Throws as `openJournal` does. */
export async function journalIn(folder: string | null): Promise<Journal> {
  if (folder === null) return createMemoryDisk().open();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (readdirSync(folder).length === 0) await createJournal(folder);
  return openJournal(folder);
}
