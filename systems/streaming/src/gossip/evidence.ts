/** What a judge of evidence needs to know in BAR Gossip. */

import type { Eviction } from '@concordat/accountability';
import { type StreamConfig, shapeOf } from '../config.ts';
import { createPacketCheck } from '../content/packets.ts';
import type { EvidenceContext } from '../evidence/judging.ts';
import type { Signer, StreamKeys } from '../keys.ts';
import type { MemberList } from '../membership/member-list.ts';
import { streamId } from '../statement.ts';
import type { Sealing } from '../trade/sealing.ts';
import { isDrawn } from './partner.ts';

export interface JudgeOptions {
  readonly config: StreamConfig;
  readonly keys: Pick<StreamKeys, 'hash' | 'verify' | 'vrf'>;
  readonly broadcaster: Signer;
  readonly list: MemberList;
  readonly sealing: Sealing;
}

export function gossipEvidenceContext(
  options: JudgeOptions,
  evictions: readonly Eviction[],
): EvidenceContext {
  const { config, keys, broadcaster, list, sealing } = options;
  const stream = streamId(keys.hash, config);
  return {
    stream,
    shape: shapeOf(config),
    keys,
    broadcaster,
    listOf: (epoch) => (epoch === list.epoch ? list : null),
    evictions,
    sealing,
    check: createPacketCheck(keys.hash, config.packetsPerRound),
    permits: (opening) => isDrawn(keys, stream, list, evictions, opening),
  };
}
