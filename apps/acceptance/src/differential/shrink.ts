/**
 * The shortest part of a script that still shows a difference: by leaving out pieces, large ones first, and running what
 * is left again on a fresh folder, for as long as that is allowed.
 */

import type { Difference } from './duel.ts';
import type { Step } from './steps.ts';

export interface Shrunk {
  readonly script: readonly Step[];
  readonly difference: Difference;
}

/** Runs a script anew; null where both servers agree. */
export type Rerun = (script: readonly Step[]) => Promise<Difference | null>;

/** Null if a second run shows no difference: then the answers were not determined by the script. */
export async function shrink(
  script: readonly Step[],
  found: Difference,
  rerun: Rerun,
  maxRuns: number,
): Promise<Shrunk | null> {
  let runs = 0;
  const attempt = async (candidate: readonly Step[]): Promise<Shrunk | null> => {
    runs++;
    const difference = await rerun(candidate);
    return difference === null ? null : { script: candidate.slice(0, difference.index + 1), difference };
  };
  const again = await attempt(script.slice(0, found.index + 1));
  if (again === null) return null;
  let best: Shrunk = again;
  for (let size = best.script.length >> 1; size >= 1; size >>= 1) {
    // From the end: what stands last there caused most often nothing.
    for (let at = best.script.length - size; at >= 0 && runs < maxRuns; ) {
      const [from, to] = [at, at + size];
      const rest: readonly Step[] = best.script.filter((_, i) => i < from || i >= to);
      best = (rest.length === 0 ? null : await attempt(rest)) ?? best;
      at = Math.min(at, best.script.length) - size;
    }
  }
  return best;
}
