/**
 * What all members have durably accepted is committed at once, as Zyzzyva's clients would have it; what some have not is
 * agreed on in three phases. Nothing is executed ahead, so members' gateways answer reads from their own state. Whoever
 * follows the protocol badly is replaced, muted or not heard (`../robust/`).
 */

import { allPolicies } from '../robust/policies.ts';
import type { Preset } from './preset.ts';

export const concordat: Preset = {
  name: 'concordat',
  summary: 'one round of votes while everyone answers, three phases otherwise (the default)',
  source: 'docs/decisions/0006-commit-by-all.md',
  settings: { order: 'three-phase', fastCommit: true, speculates: false, policies: allPolicies },
  faults: (asked) => asked,
};
