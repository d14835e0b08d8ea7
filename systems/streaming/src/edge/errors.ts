/**
 * Operations at the edge of a stream that failed: a port, a configuration. Callers branch on `code`; `message` says what
 * happened and what to do about it.
 */

export type StreamErrorCode =
  | 'bad-configuration'
  | 'port-in-use'
  | 'port-denied'
  | 'port-failed'
  | 'stream-exists'
  | 'input-failed'
  | 'tracker-unreachable'
  | 'not-admitted'
  | 'aborted';

export class StreamError extends Error {
  override readonly name = 'StreamError';
  readonly code: StreamErrorCode;

  constructor(code: StreamErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Throws `aborted` if the caller does not want it any more. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new StreamError('aborted', 'it was called off before it began', signal.reason);
}

/** Throws `bad-configuration` with `message` unless `holds`. */
export function requireSetting(holds: boolean, message: string): void {
  if (!holds) throw new StreamError('bad-configuration', message);
}
