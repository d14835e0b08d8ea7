/** Crash tolerance, as UpRight (Clement et al., SOSP 2009) has it for r = 0: the same code where nobody lies. */

import { concordat } from './concordat.ts';
import type { Preset } from './preset.ts';

export const crash: Preset = {
  ...concordat,
  name: 'crash',
  summary: 'nobody lies: 2u + 1 members',
  source: 'Clement et al., SOSP 2009 (r = 0)',
  faults: ({ u }) => ({ u, r: 0 }),
};
