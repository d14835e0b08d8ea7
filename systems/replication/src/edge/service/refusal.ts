/**
 * An operation that was understood and not done, as a value: the service's own reasons, unlike a throw, which is a bug.
 * Code and words end up in a reply that replicas must agree on.
 */

import { assert } from '@concordat/kernel';
import { MAX_DETAIL_BYTES, MAX_NAME_BYTES } from './frames.ts';

/** Why an operation was not done: what an author returns instead of the output. */
export class Refusal {
  readonly code: string;
  readonly detail: string;

  constructor(code: string, detail: string) {
    this.code = code;
    this.detail = detail;
  }
}

/**
 * Refuses an operation: the client's outcome is `failed` with this code, and whatever the operation had written or
 * emitted is taken back. Both texts must be the same at every replica.
 */
export function refuse(code: string, detail = ''): Refusal {
  assert(
    /^[a-z0-9-]+$/.test(code) && code.length <= MAX_NAME_BYTES,
    'the code of a refusal is a short kebab-case word',
  );
  return new Refusal(code, clip(detail));
}

/** At most so many bytes of UTF-8, well-formed. */
const clip = (text: string): string => text.replace(/\p{Surrogate}/gu, '?').slice(0, MAX_DETAIL_BYTES / 4);
