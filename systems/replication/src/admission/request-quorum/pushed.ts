/**
 * Bodies that a filter node sent before enough of them vouch for the request. They are kept, because the rest is usually
 * on its way, but only so many of each filter node: what is dropped can be fetched once it is wanted.
 */

import type { Vouched } from './vouchers.ts';

export interface Pushed {
  /** Oldest first. */
  readonly items: Set<Vouched>;
  bytes: number;
}

/** Of one filter node. */
const MAX_PUSHED_BYTES = 8 * 1024 * 1024;

export const createPushed = (): Pushed => ({ items: new Set(), bytes: 0 });

const sizeOf = (vouched: Vouched): number => vouched.request?.body.length ?? 0;

/** Charges the body of `vouched` to the filter node that sent it, and drops its oldest beyond its share. */
export function notePushed(pushed: Pushed, vouched: Vouched): void {
  if (pushed.items.has(vouched)) return;
  pushed.items.add(vouched);
  pushed.bytes += sizeOf(vouched);
  for (const oldest of pushed.items) {
    if (pushed.bytes <= MAX_PUSHED_BYTES) return;
    release(pushed, oldest);
    oldest.request = null;
  }
}

function release(pushed: Pushed, vouched: Vouched): void {
  if (pushed.items.delete(vouched)) pushed.bytes -= sizeOf(vouched);
}

/** Enough vouch for it, or nobody needs it any more. */
export function settlePushed(all: readonly Pushed[], vouched: Vouched): void {
  for (const pushed of all) release(pushed, vouched);
}
