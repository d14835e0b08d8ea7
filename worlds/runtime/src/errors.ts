/**
 * Failed operations: a disk, a port, a configuration. Only worlds, edges and apps throw these; a bug is an assertion
 * and a peer's fault is a value. Callers branch on `code`; `message` says what happened and what to do about it.
 */

export type RuntimeErrorCode =
  | 'bad-configuration'
  | 'exposed-secret'
  | 'port-failed'
  | 'journal-exists'
  | 'journal-locked'
  | 'journal-format'
  | 'disk-full'
  | 'disk-failed';

export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The system's code of an error (`ENOSPC`, `EADDRINUSE` ...), or an empty string. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Whatever was thrown, as an Error. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));

/** A disk's failure as a typed error that names the operation and the path. */
export function diskError(operation: string, path: string, cause: unknown): RuntimeError {
  if (cause instanceof RuntimeError) return cause;
  const full = ['ENOSPC', 'EDQUOT'].includes(systemCode(cause));
  const reason = asError(cause).message;
  return full
    ? new RuntimeError('disk-full', `no space left to ${operation} ${path}: free some and restart`, cause)
    : new RuntimeError('disk-failed', `could not ${operation} ${path}: ${reason}`, cause);
}
