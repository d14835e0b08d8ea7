/**
 * The versions of a service that one binary can run: each as its author defined it, over collections that they share where
 * these keep their names. After a switch the state holds what the newer version declares and nothing else, so that a later
 * binary need not know the former one.
 */

import { AssertionError, halt } from '@concordat/kernel';
import type { Codec } from './codecs.ts';
import type { Collections } from './collections.ts';
import type { AdvanceContext, Running } from './definition.ts';
import { encodeFailure, formOf } from './frames.ts';

/** One operation or query, its types forgotten: the codecs stand for them. */
export interface Callable {
  readonly name: string;
  readonly form: number;
  readonly input: Codec<unknown>;
  readonly output: Codec<unknown>;
  run(context: unknown, args: unknown): unknown;
}

/** A version as an instance runs it. */
export interface Version {
  readonly number: number;
  readonly state: unknown;
  /** Of its collections. */
  readonly names: ReadonlySet<string>;
  readonly operations: ReadonlyMap<string, Callable>;
  readonly queries: ReadonlyMap<string, Callable>;
  readonly event: Codec<unknown> | null;
  readonly advance: ((context: AdvanceContext<unknown, unknown>) => void) | null;
  readonly migrate: ((context: { readonly former: unknown; readonly state: unknown }) => void) | null;
  /** The replies to what this version does not have, and to what it has in another form. */
  readonly unknown: Uint8Array;
  readonly other: Uint8Array;
}

/** A definition and those before it, the oldest first. */
export function runningOf(definition: Running<unknown>): Running<unknown>[] {
  const chain = [definition];
  for (let one = definition.former; one !== undefined; one = one.definition.former)
    chain.unshift(one.definition);
  return chain;
}

export const declareVersions = (chain: readonly Running<unknown>[], collections: Collections): Version[] =>
  chain.map((definition) => {
    const { version, operations, queries = {}, event, advance, migrate } = definition;
    const { declare, names } = collections.stage();
    return {
      number: version,
      state: definition.state(declare),
      names,
      operations: callables(operations, 'execute'),
      queries: callables(queries, 'answer'),
      event: (event as Codec<unknown> | undefined) ?? null,
      advance: (advance as Version['advance'] | undefined)?.bind(definition) ?? null,
      migrate: migrate?.bind(definition) ?? null,
      unknown: encodeFailure(
        'unknown-operation',
        `version ${version} of the service, which is in force, has no such`,
      ),
      other: encodeFailure(
        'other-version',
        `version ${version} of the service, which is in force, has it in another form`,
      ),
    };
  });

function callables(declared: object, method: 'execute' | 'answer'): Map<string, Callable> {
  return new Map(
    Object.entries(declared).map(([name, entry]) => {
      const run = (context: unknown, args: unknown): unknown => entry[method](context, args);
      return [name, { name, form: formOf(entry), input: entry.input, output: entry.output, run }];
    }),
  );
}

/** Brings the state from one version to the next. */
export function switchVersion(collections: Collections, former: Version, next: Version): void {
  const { book, clear } = collections;
  book.beginForGood();
  try {
    next.migrate?.({ former: former.state, state: next.state });
  } catch (error) {
    if (error instanceof AssertionError) throw error;
    // Nothing of the new version has happened, here or elsewhere.
    halt(
      `the migration of the service to version ${next.number} threw: mend it, and start the mended binary everywhere: ${error instanceof Error ? error.message : error}`,
    );
  } finally {
    book.keep();
  }
  clear([...former.names].filter((name) => !next.names.has(name)));
}
