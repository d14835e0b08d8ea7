/** What a judge of evidence needs to know in BAR Gossip: the one list, and who may contact whom. */

import type { Eviction } from '@concordat/accountability';
import { evidenceContext, type JudgeOptions } from '../evidence/context.ts';
import type { EvidenceContext } from '../evidence/judging.ts';
import type { Member, MemberList } from '../membership/member-list.ts';
import { isDrawn } from './partner.ts';

export interface GossipJudgeOptions extends Omit<JudgeOptions, 'listOf'> {
  readonly list: MemberList<Member>;
}

export function gossipEvidenceContext(
  options: GossipJudgeOptions,
  evictions: readonly Eviction[],
): EvidenceContext {
  const { keys, list } = options;
  const listOf = (epoch: number): MemberList<Member> | null => (epoch === list.epoch ? list : null);
  const context = evidenceContext({ ...options, listOf }, evictions);
  return { ...context, permits: (opening) => isDrawn(keys, context.stream, list, evictions, opening) };
}
