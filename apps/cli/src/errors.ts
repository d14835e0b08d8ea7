/** Failures of a command that its user can do something about: what happened, and what to do. Exit status 1. */

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: string;
  /** What to try, as a sentence; empty if there is nothing. */
  readonly advice: string;

  constructor(code: string, message: string, advice = '') {
    super(message);
    this.code = code;
    this.advice = advice;
  }
}

/** What went wrong, whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
