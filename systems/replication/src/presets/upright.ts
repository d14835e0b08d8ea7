/**
 * UpRight (Clement et al., SOSP 2009): a request quorum before three-phase order. Replicas execute what they order; where
 * others do, a large body goes to those from the designated filter node and never meets the order replicas.
 */

import type { Preset } from './preset.ts';

export const upright: Preset = {
  name: 'upright',
  summary: 'filter nodes vouch for requests with MACs, three phases order them',
  source: 'Clement et al., SOSP 2009; matrix signatures of Aiyer et al., DISC 2008',
  settings: { admission: 'request-quorum', order: 'three-phase', fastCommit: false, speculates: false },
  faults: (asked) => asked,
};
