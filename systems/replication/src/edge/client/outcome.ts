/**
 * What becomes of a client's call. `failed` means that it had no effect and never will: refused by the service, never
 * sent, not understood. `unknown` means that it may have happened or may yet happen: only a later query can tell.
 */

export type Outcome<T> =
  | { readonly status: 'ok'; readonly value: T }
  | { readonly status: 'failed'; readonly code: FailureCode; readonly detail: string }
  | { readonly status: 'unknown'; readonly why: UnknownReason };

/**
 * `bad-input`: the codec does not accept the arguments; `malformed`, `unknown-operation`, `other-version`: the replicas
 * run another version of the service, which has no such operation, or takes or answers it in another form; `threw`: its
 * code has a bug; `busy`: too many calls wait; `orders-only`, `filters-only`: this node holds no state (presets `executors` and
 * `upright-separated`); `aborted`,
 * `timeout`, `closed`: before it was sent. All other codes are the service's own refusals.
 */
export type FailureCode =
  | 'bad-input'
  | 'malformed'
  | 'unknown-operation'
  | 'other-version'
  | 'threw'
  | 'busy'
  | 'orders-only'
  | 'filters-only'
  | 'aborted'
  | 'timeout'
  | 'closed'
  | (string & {});

/** `unreadable`: a reply came that is none of the service's version. */
export type UnknownReason = 'aborted' | 'timeout' | 'closed' | 'unreadable';

export const failed = (code: FailureCode, detail = ''): Outcome<never> => ({
  status: 'failed',
  code,
  detail,
});

export const unknown = (why: UnknownReason): Outcome<never> => ({ status: 'unknown', why });

/** Thrown by `unwrap`. */
export class OutcomeError extends Error {
  override readonly name = 'OutcomeError';
  readonly outcome: Outcome<never>;

  constructor(outcome: Exclude<Outcome<never>, { status: 'ok' }>) {
    super(
      outcome.status === 'failed'
        ? `the call failed (${outcome.code})${outcome.detail === '' ? '' : `: ${outcome.detail}`}`
        : `the outcome is unknown (${outcome.why}): it may have taken effect`,
    );
    this.outcome = outcome;
  }
}

/** The value of an outcome that is `ok`; for callers who would rather catch than branch. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.status === 'ok') return outcome.value;
  throw new OutcomeError(outcome);
}
