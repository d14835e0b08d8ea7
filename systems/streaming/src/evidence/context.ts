/** What a judge of evidence needs to know of a stream, whatever its protocol. */

import type { Eviction } from '@concordat/accountability';
import { type StreamConfig, shapeOf } from '../config.ts';
import { createPacketCheck } from '../content/packets.ts';
import type { Signer, StreamKeys } from '../keys.ts';
import type { Members } from '../membership/member-list.ts';
import { streamId } from '../statement.ts';
import type { Sealing } from '../trade/sealing.ts';
import type { EvidenceContext } from './judging.ts';

export interface JudgeOptions {
  readonly config: StreamConfig;
  readonly keys: Pick<StreamKeys, 'hash' | 'verify' | 'vrf'>;
  readonly broadcaster: Signer;
  readonly sealing: Sealing;
  /** The members of an epoch; null if they are not known. */
  listOf(epoch: number): Members | null;
}

/** For a protocol in which a draw that permits nobody is no evidence. */
export function evidenceContext(options: JudgeOptions, evictions: readonly Eviction[]): EvidenceContext {
  const { config, keys, broadcaster, listOf, sealing } = options;
  return {
    stream: streamId(keys.hash, config),
    shape: shapeOf(config),
    keys,
    broadcaster,
    listOf,
    evictions,
    sealing,
    check: createPacketCheck(keys.hash, config.packetsPerRound),
    permits: () => null,
  };
}
