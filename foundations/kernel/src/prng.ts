/**
 * A small seeded generator (sfc32). The same seed gives the same draws on every machine, which is what makes a
 * simulation replayable. Not for secrets: those come from `Env.secret`.
 */

export interface Prng {
  /** Uniform in [0, 2^32). */
  uint32(): number;
  /** Uniform integer in [0, bound); `bound` is in [1, 2^32]. */
  below(bound: number): number;
  /** Uniform in [0, 1). */
  unit(): number;
  /** True with the given probability in [0, 1]. */
  chance(probability: number): boolean;
  /** A uniformly chosen element of a non-empty list. */
  pick<T>(items: readonly T[]): T;
  /** An independent generator; `label` keeps the streams of different users apart. */
  fork(label: string): Prng;
}

/** Mixes a seed and a label to 32 bits (FNV-1a), so that forks of one seed differ. */
function mix(seed: number, label: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0;
  for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

export function createPrng(seed: number, label = ''): Prng {
  let a = mix(seed, label);
  let b = mix(a, 'b');
  let c = mix(b, 'c');
  let counter = 1;
  const uint32 = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) uint32();
  const unit = (): number => uint32() / 0x1_0000_0000;
  const below = (bound: number): number => Math.floor(unit() * bound);
  return {
    uint32,
    below,
    unit,
    chance: (probability) => unit() < probability,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    fork: (name) => createPrng(uint32(), name),
  };
}
