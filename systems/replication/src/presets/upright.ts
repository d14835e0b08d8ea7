/**
 * UpRight (Clement et al., SOSP 2009) on fewer machines: a request quorum before three-phase order, and replicas that execute
 * what they order, so that members with a filter node beside each replica suffice. With executors of their own it is
 * `upright-separated`.
 */

import type { Preset } from './preset.ts';

export const upright: Preset = {
  name: 'upright',
  summary: 'filter nodes vouch for requests with MACs, three phases order them',
  source: 'Clement et al., SOSP 2009; matrix signatures of Aiyer et al., DISC 2008',
  settings: { admission: 'request-quorum', order: 'three-phase', fastCommit: false, speculates: false },
  faults: (asked) => asked,
};
