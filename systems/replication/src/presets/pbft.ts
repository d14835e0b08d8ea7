/** PBFT (Castro and Liskov, TOCS 2002): three phases always, and nothing is executed before it is committed. */

import { noPolicies } from '../robust/policies.ts';
import type { Preset } from './preset.ts';

export const pbft: Preset = {
  name: 'pbft',
  summary: 'three phases always',
  source: 'Castro and Liskov, TOCS 2002',
  settings: { order: 'three-phase', fastCommit: false, speculates: false, policies: noPolicies },
  faults: (asked) => asked,
};
