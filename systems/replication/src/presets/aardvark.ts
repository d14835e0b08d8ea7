/**
 * Aardvark (Clement et al., NSDI 2009): PBFT whose throughput holds whatever a client, a primary or another member does.
 */

import { allPolicies } from '../robust/policies.ts';
import { pbft } from './pbft.ts';
import type { Preset } from './preset.ts';

export const aardvark: Preset = {
  ...pbft,
  name: 'aardvark',
  summary: 'three phases always, and every robustness policy',
  source: 'Clement et al., NSDI 2009',
  settings: { ...pbft.settings, policies: allPolicies },
};
