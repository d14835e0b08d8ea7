/**
 * Zyzzyva (Kotla et al., SOSP 2007): executed before it is agreed on, with commit certificates where someone is slow, and
 * the view change as corrected by Abraham et al. (arXiv 1801.10022).
 */

import { noPolicies } from '../robust/policies.ts';
import type { Preset } from './preset.ts';

export const zyzzyva: Preset = {
  name: 'zyzzyva',
  summary: 'executes before agreement; commit certificates where someone is slow',
  source: 'Kotla et al., SOSP 2007, with the view change of arXiv 1801.10022',
  settings: { order: 'speculative', fastCommit: true, speculates: true, policies: noPolicies },
  faults: (asked) => asked,
};
