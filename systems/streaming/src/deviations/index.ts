/**
 * Deviations by name. For simulations, tests and the lab only: neither the package's main entry nor a daemon reaches them.
 */

import { lotusEaters, pools } from './coalitions.ts';
import {
  asksNoKeys,
  deliversNothing,
  grindsPartners,
  hidesEvidence,
  initiatesTwice,
  neverAnswers,
  opensTwice,
  overReports,
  overReportsWithholding,
  refusesPushes,
  refusesSome,
  returnsJunk,
  sealsJunk,
  sealsScraps,
  silent,
  skipsPushes,
  tradesWhenPoor,
  underReports,
  withholdsAllKeys,
  withholdsKeys,
} from './decisions.ts';
import type { Deviation } from './deviation.ts';
import {
  answersLate,
  answersTwice,
  breaksCommitments,
  leavesAndRejoins,
  revealsTwice,
  wrongKeys,
} from './events.ts';
import { silentWhenAudited } from './tampering.ts';

export { isFed } from './coalitions.ts';
export type { Deviant, Deviation, Wrap } from './deviation.ts';

/** What peers of BAR Gossip may do instead. */
export const GOSSIP_DEVIATIONS: readonly Deviation[] = [
  answersLate,
  answersTwice,
  asksNoKeys,
  breaksCommitments,
  deliversNothing,
  grindsPartners,
  hidesEvidence,
  initiatesTwice,
  leavesAndRejoins,
  silentWhenAudited,
  lotusEaters,
  neverAnswers,
  opensTwice,
  overReports,
  overReportsWithholding,
  pools,
  refusesPushes,
  refusesSome,
  returnsJunk,
  revealsTwice,
  sealsJunk,
  sealsScraps,
  silent,
  skipsPushes,
  tradesWhenPoor,
  underReports,
  withholdsAllKeys,
  withholdsKeys,
  wrongKeys,
];

export const deviationNamed = (name: string): Deviation | null =>
  GOSSIP_DEVIATIONS.find((deviation) => deviation.name === name) ?? null;
