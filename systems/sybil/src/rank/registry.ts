/** All rankings by name: what the command line, the evaluation and the lab choose from. Those that draw routes are in a list of their own. */

import { localCommunity } from '../community/local-community.ts';
import { ROUTE_RANKINGS } from '../routes/rankings.ts';
import { acl } from './acl.ts';
import { cia } from './cia.ts';
import { consensus, directedConsensus } from './consensus.ts';
import { gang } from './gang.ts';
import { integro } from './integro.ts';
import type { Ranking } from './ranking.ts';
import { trustedBalance } from './rating-balance.ts';
import { sybilBelief } from './sybilbelief.ts';
import { sybilRank } from './sybilrank.ts';
import { sybilScarC, sybilScarD } from './sybilscar.ts';
import { trustRank } from './trustrank.ts';

export const RANKINGS: readonly Ranking[] = [
  acl,
  cia,
  consensus,
  directedConsensus,
  gang,
  integro,
  localCommunity,
  sybilBelief,
  sybilRank,
  sybilScarC,
  sybilScarD,
  trustRank,
  trustedBalance,
];

/** A ranking of either list. */
export function rankingNamed(name: string): Ranking | null {
  return [...RANKINGS, ...ROUTE_RANKINGS].find((ranking) => ranking.name === name) ?? null;
}
