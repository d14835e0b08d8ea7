/** Every preset, by name. */

import { aardvark } from './aardvark.ts';
import { concordat } from './concordat.ts';
import { crash } from './crash.ts';
import { executors } from './executors.ts';
import { pbft } from './pbft.ts';
import type { Preset, PresetName } from './preset.ts';
import { upright } from './upright.ts';
import { uprightSeparated } from './upright-separated.ts';
import { zyzzyva } from './zyzzyva.ts';
import { zyzzyva5 } from './zyzzyva5.ts';

export { type Preset, type PresetName, presetProblem } from './preset.ts';

export const presets: Readonly<Record<PresetName, Preset>> = {
  concordat,
  zyzzyva,
  zyzzyva5,
  pbft,
  aardvark,
  crash,
  upright,
  'upright-separated': uprightSeparated,
  executors,
};

export const isPresetName = (name: string): name is PresetName => Object.hasOwn(presets, name);
