/** How large evidence can be: every answer to an audit is padded to it, so it bounds what an audit costs. */

import { DIGEST_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import { type StreamConfig, shapeOf } from '../config.ts';
import { HEADER_BYTES } from '../content/header.ts';
import { MAX_PATH, packetOverhead } from '../content/packets.ts';
import { KEY_BYTES } from '../messages/messages.ts';
import { bodyBytes } from '../trade/statements.ts';

const LENGTH_BYTES = 4;
/** Version, rule, accused. */
const HEAD_BYTES = 1 + 1 + 4;

export const statementBytesAtMost = (bodySize: number): number => LENGTH_BYTES + bodySize + SIGNATURE_BYTES;

/** Packets that one briefcase may hold: all of a window. */
export const maxContents = ({ lifetimeRounds, packetsPerRound }: StreamConfig): number =>
  lifetimeRounds * packetsPerRound;

export function maxEvidenceBytes(config: StreamConfig): number {
  const shape = shapeOf(config);
  const largest = Math.max(
    bodyBytes(shape, 'briefcase', maxContents(config)),
    bodyBytes(shape, 'accept'),
    bodyBytes(shape, 'push-offer'),
    bodyBytes(shape, 'reserve'),
  );
  const packet = packetOverhead(MAX_PATH) + config.packetBytes;
  const exhibit = 2 * LENGTH_BYTES + 2 * MAX_PATH * DIGEST_BYTES + packet;
  const badBriefcase =
    statementBytesAtMost(largest) + LENGTH_BYTES + KEY_BYTES + HEADER_BYTES + LENGTH_BYTES + exhibit;
  return HEAD_BYTES + Math.max(2 * statementBytesAtMost(largest), badBriefcase);
}
