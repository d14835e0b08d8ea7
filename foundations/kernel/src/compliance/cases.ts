/**
 * Compliance suites are lists of named cases, so that any test runner can host them. A case throws when the promise
 * that its name states is broken.
 */

export interface ComplianceCase {
  readonly name: string;
  run(): void;
}

export interface AsyncComplianceCase {
  readonly name: string;
  run(): Promise<void>;
}

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Bytes as text, so that transcripts compare as text and a failure shows them. */
export const shown = (bytes: Uint8Array): string =>
  bytes.length <= 64 ? hexOf(bytes) : `${hexOf(bytes.subarray(0, 64))}... (${bytes.length} bytes)`;

export class ComplianceError extends Error {
  override readonly name = 'ComplianceError';
}

export function require(holds: boolean, promise: string): asserts holds {
  if (!holds) throw new ComplianceError(promise);
}

export function requireEqual(actual: string, expected: string, promise: string): void {
  if (actual !== expected) throw new ComplianceError(`${promise}: ${actual} is not ${expected}`);
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
