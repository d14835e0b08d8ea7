/**
 * Token buckets: who asks too often is not answered, so that no peer and no crowd decides how much the tracker works. Buckets
 * live for a round or two and are bounded in number; a flood of strangers shares one bucket beside them.
 */

import type { Millis } from '@concordat/kernel';

export interface RateLimit {
  /** Requests at once. */
  readonly burst: number;
  readonly perSecond: number;
  readonly maxBuckets: number;
  readonly buckets: Map<number, Bucket>;
  /** For all that find no bucket of their own. */
  readonly common: Bucket;
}

interface Bucket {
  level: number;
  at: Millis;
}

export const createRateLimit = (burst: number, perSecond: number, maxBuckets = 16_384): RateLimit => ({
  burst,
  perSecond,
  maxBuckets,
  buckets: new Map(),
  common: { level: 0, at: 0 },
});

function take(limit: RateLimit, bucket: Bucket, now: Millis): boolean {
  bucket.level = Math.max(0, bucket.level - ((now - bucket.at) / 1000) * limit.perSecond);
  bucket.at = now;
  if (bucket.level + 1 > limit.burst) return false;
  bucket.level += 1;
  return true;
}

/** True if `key` may have one more request answered now. */
export function isWithinRate(limit: RateLimit, key: number, now: Millis): boolean {
  const known = limit.buckets.get(key);
  if (known !== undefined) return take(limit, known, now);
  if (limit.buckets.size >= limit.maxBuckets) return take(limit, limit.common, now);
  const bucket = { level: 0, at: now };
  limit.buckets.set(key, bucket);
  return take(limit, bucket, now);
}

/** Forgets buckets that are empty again. Called now and then. */
export function sweepRates(limit: RateLimit, now: Millis): void {
  for (const [key, { level, at }] of limit.buckets)
    if (level - ((now - at) / 1000) * limit.perSecond <= 0) limit.buckets.delete(key);
}
