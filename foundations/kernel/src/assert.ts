/**
 * Assertions stay on in production: a broken invariant halts the process before it can mislead anyone.
 * They are for bugs of this program only. What a peer sends is judged by decoders and handlers, which return.
 */

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Halts the process unless `holds`; `invariant` states, as a sentence, what must be true. */
export function assert(holds: boolean, invariant: string): asserts holds {
  if (!holds) throw new AssertionError(invariant);
}

/** The `default` of a switch over a discriminated union: compiles only when every case is handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`every case is handled, but met ${JSON.stringify(value)}`);
}
