/**
 * What a client did and saw, operation by operation, in the form that history checkers take: structurally the
 * `ZnodeOperation` of `@concordat/check`, which this package may not import.
 */

import type { Millis } from '@concordat/kernel';

export interface SeenVersion {
  readonly czxid: number;
  readonly mzxid: number;
  readonly version: number;
}

export type ClientChange =
  | { readonly kind: 'create'; readonly path: string; readonly value: string }
  | { readonly kind: 'set'; readonly path: string; readonly value: string; readonly expected: number | null }
  | { readonly kind: 'delete'; readonly path: string; readonly expected: number | null };

export type ClientInput =
  | { readonly kind: 'write'; readonly changes: readonly ClientChange[] }
  | { readonly kind: 'read'; readonly path: string }
  | { readonly kind: 'sync' };

export type ClientOutput =
  | { readonly kind: 'written'; readonly zxid: number; readonly stats: readonly (SeenVersion | null)[] }
  | {
      readonly kind: 'refused';
      readonly zxid: number;
      readonly code: 'node-exists' | 'no-node' | 'bad-version' | 'other';
      readonly change: number;
    }
  | {
      readonly kind: 'seen';
      readonly zxid: number;
      readonly node: { readonly value: string; readonly stat: SeenVersion } | null;
    }
  | { readonly kind: 'synced'; readonly zxid: number };

export interface ClientOperation {
  /** One number for each session the client had. */
  readonly session: number;
  readonly invokedAt: Millis;
  readonly input: ClientInput;
  /** Null while, or if ever, no answer came. */
  outcome: { readonly at: Millis; readonly output: ClientOutput } | null;
}
