/**
 * UpRight in full (Clement et al., SOSP 2009): filter nodes authenticate requests and keep their bodies, order replicas agree on
 * references to them, executors hold the service. Each stage endures u failures, r of them lies. A large body goes from
 * the client to filter nodes and from one of these to executors, and never meets an order replica. Members that each host all
 * they have in one process run `upright`.
 */

import type { Preset } from './preset.ts';

export const uprightSeparated: Preset = {
  name: 'upright-separated',
  summary: 'filter nodes keep the bodies, three phases order references, executors execute',
  source: 'Clement et al., SOSP 2009; matrix signatures of Aiyer et al., DISC 2008',
  settings: {
    admission: 'request-quorum',
    order: 'three-phase',
    fastCommit: false,
    speculates: false,
    executes: false,
  },
  faults: (asked) => asked,
};
