/**
 * UpRight (Clement et al., SOSP 2009): order and execution apart. Order replicas agree on a log without knowing what it says;
 * fewer executors hold the service and answer clients.
 */

import type { Preset } from './preset.ts';

export const executors: Preset = {
  name: 'executors',
  summary: 'order and execution apart: 2u + r + 1 order, u + max(u, r) + 1 execute',
  source: 'Clement et al., SOSP 2009',
  settings: { order: 'three-phase', fastCommit: true, speculates: false, executes: false },
  faults: (asked) => asked,
};
