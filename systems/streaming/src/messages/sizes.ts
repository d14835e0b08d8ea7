/**
 * What a message takes on the wire, without encoding it: simulations pass objects, and every byte counts towards caps and utilities. A
 * packet counts with the config's `packetBytes`, whatever a simulation puts into it. Tested equal to the codec's.
 */

import { evictionUpdateBytes } from '@concordat/accountability';
import { SIGNATURE_BYTES, VRF_PUBLIC_KEY_BYTES } from '@concordat/crypto';
import { unreachable } from '@concordat/kernel';
import { JUNK } from '../bits.ts';
import { junkBytesOf, type StreamConfig, shapeOf } from '../config.ts';
import { HEADER_BYTES } from '../content/header.ts';
import { packetOverhead, pathLength } from '../content/packets.ts';
import { maxEvidenceBytes } from '../evidence/limits.ts';
import { ticketBytes } from '../membership/ticket.ts';
import { CONTROL, JUNK_BYTES, USEFUL } from '../peer/meter.ts';
import { SCRAP, type Sealed } from '../trade/sealing.ts';
import { bodyBytes } from '../trade/statements.ts';
import { type Briefcase, type Introduction, KEY_BYTES, type Seed, type StreamMessage } from './messages.ts';

export interface Sizes {
  of(message: StreamMessage): number;
  /** The same, added by class of bytes. */
  count(message: StreamMessage, byClass: Float64Array): number;
  /** What one side of a trade says at most, without packets, headers and keys. */
  readonly trade: number;
}

/** kind, round, tag and one flag. */
const KEY_HEAD_BYTES = 1 + 4 + 1 + 1;
const LENGTH_BYTES = 4;

/** With the flag that says whether there is one. */
export const introductionBytes = (introduction: Introduction | null): number =>
  introduction === null
    ? 1
    : 1 +
      VRF_PUBLIC_KEY_BYTES +
      4 +
      1 +
      (introduction.ticket === null ? 0 : ticketBytes(introduction.ticket));

export function createSizes(config: StreamConfig): Sizes {
  const shape = shapeOf(config);
  const { perRound } = shape;
  // Of each packet by its index, with its payload.
  const packets = Float64Array.from(
    { length: perRound },
    (_, index) => packetOverhead(pathLength(perRound, index)) + config.packetBytes,
  );
  const junk = junkBytesOf(config);
  const fixed = {
    reserve: bodyBytes(shape, 'reserve') + SIGNATURE_BYTES,
    accept: bodyBytes(shape, 'accept') + SIGNATURE_BYTES,
    reveal: bodyBytes(shape, 'reveal') + SIGNATURE_BYTES,
    'push-offer': bodyBytes(shape, 'push-offer') + SIGNATURE_BYTES,
    'push-want': bodyBytes(shape, 'push-want') + SIGNATURE_BYTES,
    busy: 1 + 4 + 1,
    'key-ask': config.keys.askBytes,
    key: KEY_HEAD_BYTES + KEY_BYTES,
    'clock-ask': 1 + 4 + 4,
    beacon: 1 + 4 + 8 + SIGNATURE_BYTES,
    'audit-ask': 1 + 4,
    'audit-answer': 1 + 4 + LENGTH_BYTES + maxEvidenceBytes(config),
  };
  const briefcaseBase = bodyBytes(shape, 'briefcase') + SIGNATURE_BYTES + 2 * LENGTH_BYTES;

  const isScrap = (sealed: Sealed, at: number): boolean =>
    sealed.kind === 'reference' && sealed.items[at] === SCRAP;
  const countBriefcase = ({ contents, headers, sealed }: Briefcase, byClass: Float64Array): number => {
    let useful = 0;
    let filler = 0;
    for (let i = 0; i < contents.length; i++) {
      const id = contents[i] as number;
      if (id === JUNK) filler += LENGTH_BYTES + junk;
      else if (isScrap(sealed, i)) filler += LENGTH_BYTES + SCRAP.length;
      else useful += LENGTH_BYTES + (packets[id % perRound] as number);
    }
    const control = briefcaseBase + 2 * contents.length + HEADER_BYTES * headers.length;
    byClass[USEFUL] = (byClass[USEFUL] as number) + useful;
    byClass[JUNK_BYTES] = (byClass[JUNK_BYTES] as number) + filler;
    byClass[CONTROL] = (byClass[CONTROL] as number) + control;
    return useful + filler + control;
  };
  const countSeed = (seed: Seed, byClass: Float64Array): number => {
    let useful = 0;
    for (const { index } of seed.packets) useful += 2 + (packets[index] as number);
    const control = 1 + HEADER_BYTES + LENGTH_BYTES;
    byClass[USEFUL] = (byClass[USEFUL] as number) + useful;
    byClass[CONTROL] = (byClass[CONTROL] as number) + control;
    return useful + control;
  };
  const count = (message: StreamMessage, byClass: Float64Array): number => {
    switch (message.kind) {
      case 'briefcase':
        return countBriefcase(message, byClass);
      case 'seed':
        return countSeed(message, byClass);
      case 'evictions': {
        const bytes = 1 + evictionUpdateBytes(message.update);
        byClass[CONTROL] = (byClass[CONTROL] as number) + bytes;
        return bytes;
      }
      case 'reserve': {
        const bytes = fixed.reserve + introductionBytes(message.introduction);
        byClass[CONTROL] = (byClass[CONTROL] as number) + bytes;
        return bytes;
      }
      case 'accept':
      case 'busy':
      case 'reveal':
      case 'push-offer':
      case 'push-want':
      case 'key-ask':
      case 'key':
      case 'clock-ask':
      case 'beacon':
      case 'audit-ask':
      case 'audit-answer': {
        const bytes = fixed[message.kind];
        byClass[CONTROL] = (byClass[CONTROL] as number) + bytes;
        return bytes;
      }
      default:
        return unreachable(message);
    }
  };
  const ignored = new Float64Array(3);
  const trade = fixed.reserve + Math.max(fixed.accept, fixed.reveal) + briefcaseBase;
  return { of: (message) => count(message, ignored), count, trade };
}
