/**
 * Zyzzyva5 (Kotla et al., SOSP 2007, section 4.2): with two more members for each failure, as many may be slow and nobody
 * has to wait for them.
 */

import type { Preset } from './preset.ts';
import { zyzzyva } from './zyzzyva.ts';

export const zyzzyva5: Preset = {
  ...zyzzyva,
  name: 'zyzzyva5',
  summary: 'zyzzyva with 4u + r + 1 members, of which u may be slow at no cost',
  source: 'Kotla et al., SOSP 2007, section 4.2',
  faults: (asked) => ({ ...asked, spare: asked.u }),
};
