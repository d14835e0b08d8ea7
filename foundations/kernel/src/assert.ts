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

/** Thrown by `halt`. */
export class HaltError extends Error {
  override readonly name = 'HaltError';
}

/**
 * Stops the process for a reason that is no bug of it and that its operator must deal with: `reason` says what happened and
 * what to do. Everything of earlier turns stays as it is; started again, the process goes on from there.
 */
export function halt(reason: string): never {
  throw new HaltError(reason);
}

/** The `default` of a switch over a discriminated union: compiles only when every case is handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`every case is handled, but met ${JSON.stringify(value)}`);
}
