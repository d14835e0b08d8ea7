/**
 * What a service author writes: state, operations and queries, each with codecs for what goes in and comes out.
 * `defineService` checks the bounds and gives it the types that clients and replicas are made from. The obligations of
 * an author are UpRight's: depend on nothing but the context and the state, write nothing but the state.
 */

import type { Hash } from '@concordat/crypto';
import { assert, MAX_OPERATION_BYTES, type Millis, type Prng, type Service } from '@concordat/kernel';
import type { Codec } from './codecs.ts';
import type { Declare } from './collections.ts';
import { MAX_NAME_BYTES, OPERATION_HEAD_BYTES } from './frames.ts';
import type { Refusal } from './refusal.ts';
import { createTypedService } from './typed-service.ts';

/** What an operation may depend on, besides its arguments. */
export interface Context<S, E> {
  readonly state: S;
  /** Ordered time: the same at every replica, never decreasing. */
  readonly time: Millis;
  /** The same dice at every replica. For tie-breaking, never for secrets. */
  readonly random: Prng;
  /** Who asked, as every replica has checked. */
  readonly caller: { readonly domain: number; readonly client: number };
  /** Tells those who listen at a replica, in order, if the operation is not refused. */
  emit(event: E): void;
}

export type AdvanceContext<S, E> = Pick<Context<S, E>, 'state' | 'time' | 'emit'>;

export interface OperationCodecs<I, O> {
  readonly input: Codec<I>;
  readonly output: Codec<O>;
}

/** Two mapped types, so that the compiler infers inputs and outputs separately, each from its codec. */
export type Operations<S, E, I, O> = {
  readonly [K in keyof I]: {
    readonly input: Codec<I[K]>;
    execute(context: Context<S, E>, args: NoInfer<I[K]>): unknown;
  };
} & {
  readonly [K in keyof O]: {
    readonly output: Codec<O[K]>;
    execute(context: Context<S, E>, args: never): NoInfer<O[K]> | Refusal;
  };
};

export type Queries<S, I, O> = {
  readonly [K in keyof I]: {
    readonly input: Codec<I[K]>;
    answer(context: { readonly state: S }, args: NoInfer<I[K]>): unknown;
  };
} & {
  readonly [K in keyof O]: {
    readonly output: Codec<O[K]>;
    answer(context: { readonly state: S }, args: never): NoInfer<O[K]> | Refusal;
  };
};

/** What an instance is made of, the types of its operations forgotten: the codecs stand for them. */
export interface Running<S> {
  readonly version: number;
  state(declare: Declare): S;
  readonly operations: object;
  readonly queries?: object;
  readonly event?: Codec<never>;
  advance?(context: AdvanceContext<S, never>): void;
  readonly former?: { readonly definition: Running<unknown> };
  migrate?(context: { readonly former: unknown; readonly state: S }): void;
}

export interface Definition<S, E, I, O, QI, QO, F> {
  /** Of what the service does, and of what its state holds: a number from 1 that grows. */
  readonly version: number;
  /** Declares the collections; called once for each instance. */
  state(declare: Declare): S;
  /** The version before, which binaries with this one can run as well until the federation switches. */
  readonly former?: { readonly definition: Running<F> };
  /**
   * Brings over, when the federation switches, what is held in another form: from the former version's collections into
   * this one's. Collections of the same name are shared and stay as they are; those that this version does not declare are
   * emptied afterwards. A throw halts every replica before anything of this version has happened, until a better binary.
   */
  migrate?(context: { readonly former: F; readonly state: S }): void;
  readonly operations: Operations<S, E, I, O>;
  readonly queries?: Queries<S, QI, QO>;
  /** What `emit` takes. */
  readonly event?: Codec<E>;
  /** Opens every batch, also an empty one: timers of the service live here. */
  advance?(context: AdvanceContext<S, E>): void;
}

export interface CreateOptions {
  readonly hash: Hash;
  /** Told when an operation throws: a bug of the service, which its author wants to read of. */
  readonly onThrow?: (name: string, error: unknown) => void;
  /** The version to begin with, or the oldest one if this cannot be run; the newest unless told. */
  readonly version?: number;
}

/** A service with the types of its operations (`I`, `O`), queries (`QI`, `QO`), events and state. */
export interface TypedService<I, O, QI, QO, E, S = unknown> {
  readonly version: number;
  readonly definition: Running<S>;
  readonly operations: { readonly [K in keyof I & keyof O]: OperationCodecs<I[K], O[K]> };
  readonly queries: { readonly [K in keyof QI & keyof QO]: OperationCodecs<QI[K], QO[K]> };
  readonly event: Codec<E> | null;
  /** A fresh instance in its initial state. */
  create(options: CreateOptions): Service;
}

/** Throws an assertion if an operation or answer could outgrow what is ordered in one piece. */
export function defineService<S, I, O, QI = unknown, QO = unknown, E = never, F = never>(
  definition: Definition<S, E, I, O, QI, QO, F>,
): TypedService<I, O, QI, QO, E, S> {
  const { version, operations, queries } = definition;
  const running = definition as unknown as Running<S>;
  const asked = (queries ?? {}) as Queries<S, QI, QO>;
  checkBounds(operations);
  checkBounds(asked);
  checkVersions(running);
  return {
    version,
    definition: running,
    operations: operations as unknown as TypedService<I, O, QI, QO, E>['operations'],
    queries: asked as unknown as TypedService<I, O, QI, QO, E>['queries'],
    event: definition.event ?? null,
    create: (options) => createTypedService(running, options),
  };
}

function checkVersions<S>({ version, former, event, migrate }: Running<S>): void {
  assert(
    Number.isInteger(version) && version >= 1 && version < 2 ** 32,
    'a version is a whole number from 1, below 2^32',
  );
  assert(former !== undefined || migrate === undefined, 'there is a former version to migrate from');
  if (former === undefined) return;
  const { definition: before } = former;
  assert(before.version < version, `version ${version} follows on an earlier one, not on ${before.version}`);
  assert(
    (before.event?.format ?? event?.format) === event?.format,
    'events keep their form, as those who listen may run either version',
  );
}

function checkBounds(declared: object): void {
  for (const [name, codecs] of Object.entries(declared)) {
    const { input, output } = codecs as OperationCodecs<unknown, unknown>;
    assert(
      Buffer.byteLength(name) <= MAX_NAME_BYTES,
      `the name '${name}' is at most ${MAX_NAME_BYTES} bytes`,
    );
    assert(
      OPERATION_HEAD_BYTES + input.maxBytes <= MAX_OPERATION_BYTES,
      `the input of '${name}' fits into one operation: give its texts and lists smaller bounds`,
    );
    assert(
      1 + output.maxBytes <= MAX_OPERATION_BYTES,
      `the output of '${name}' fits into one reply: give its texts and lists smaller bounds`,
    );
  }
}
