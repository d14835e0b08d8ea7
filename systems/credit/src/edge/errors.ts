/** Failed operations of the credit service: its data, its files of links, its database. Callers branch on `code`. */

export type CreditErrorCode =
  /** Data that cannot be read: damaged, incomplete, or of another version. */
  | 'bad-data'
  /** Charges that were acknowledged are gone. */
  | 'lost-charges'
  /** A setting or a file of links that makes no sense. */
  | 'bad-configuration'
  /** Somebody else works on the same data. */
  | 'in-use'
  /** Nothing will become durable any more. */
  | 'store-failed';

export class CreditError extends Error {
  override readonly name = 'CreditError';
  readonly code: CreditErrorCode;

  constructor(code: CreditErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
