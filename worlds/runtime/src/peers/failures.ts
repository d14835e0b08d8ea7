/**
 * Peers that could not be reached lately, and until when nobody tries again. The wait doubles with every failure; a
 * record is forgotten when a link comes up, or long after its wait is over. So there are as many as calls that failed.
 */

import type { NodeId } from '@concordat/kernel';

export interface Backoff {
  readonly firstMs: number;
  readonly lastMs: number;
}

interface Failure {
  readonly waitMs: number;
  readonly until: number;
  /** The process has been told again since. */
  isTold: boolean;
}

export interface Failures {
  failed(id: NodeId, now: number): void;
  /** `wait`: nobody calls it yet; `tell`: likewise, and it is the first to hear so since the call. */
  judge(id: NodeId, now: number): 'call' | 'tell' | 'wait';
  forget(id: NodeId): void;
  sweep(now: number): void;
  readonly size: number;
}

export function createFailures({ firstMs, lastMs }: Backoff): Failures {
  const failures = new Map<NodeId, Failure>();
  return {
    failed: (id, now) => {
      const before = failures.get(id)?.waitMs ?? firstMs / 2;
      const waitMs = Math.min(lastMs, before * 2);
      failures.set(id, { waitMs, until: now + waitMs, isTold: false });
    },
    judge: (id, now) => {
      const failure = failures.get(id);
      if (failure === undefined || now >= failure.until) return 'call';
      if (failure.isTold) return 'wait';
      failure.isTold = true;
      return 'tell';
    },
    forget: (id) => void failures.delete(id),
    sweep: (now) => {
      for (const [id, { until, waitMs }] of failures) if (now > until + waitMs) failures.delete(id);
    },
    get size() {
      return failures.size;
    },
  };
}
