/**
 * A definition as a kernel `Service`. Whatever bytes arrive, `execute` replies: malformed input, unknown names, refusals
 * and throws of the author's code are failures that leave no trace in the state, the same at every replica. Only what
 * may differ between replicas - an exhausted stack, a broken invariant of the state - halts the process instead.
 */

import { AssertionError, type ExecuteContext, type Service } from '@concordat/kernel';
import { createState } from '@concordat/state';
import { createReader, createWriter, type Reader } from '@concordat/wire';
import { executeBundle, isBundle } from './bundles.ts';
import type { Codec } from './codecs.ts';
import { createCollections, type WriteBook, WriteError } from './collections.ts';
import type { Context, CreateOptions, Definition } from './definition.ts';
import { encodeDone, encodeFailure, readOperationHead } from './frames.ts';
import { Refusal } from './refusal.ts';

/** One operation or query, its types forgotten: the codecs stand for them. */
interface Callable {
  readonly name: string;
  readonly input: Codec<unknown>;
  readonly output: Codec<unknown>;
  run(context: unknown, args: unknown): unknown;
}

interface Instance<S, E> {
  readonly state: S;
  readonly book: WriteBook;
  readonly operations: ReadonlyMap<string, Callable>;
  readonly queries: ReadonlyMap<string, Callable>;
  readonly event: Codec<E> | null;
  readonly onThrow: (name: string, error: unknown) => void;
}

const MALFORMED = encodeFailure('malformed', '');
const UNKNOWN = encodeFailure('unknown-operation', '');
/** The error's own words stay here: they may differ between versions of the engine. */
const THREW = encodeFailure('threw', '');

export function createTypedService<S, E, I, O, QI, QO>(
  definition: Definition<S, E, I, O, QI, QO>,
  { hash, onThrow = () => {} }: CreateOptions,
): Service {
  const { version } = definition;
  const state = createState({ hash, version });
  const { declare, book } = createCollections(state);
  const instance: Instance<S, E> = {
    state: definition.state(declare),
    book,
    operations: callables(definition.operations, 'execute'),
    queries: callables(definition.queries ?? {}, 'answer'),
    event: definition.event ?? null,
    onThrow,
  };
  return {
    version,
    execute: (op, context) => executeAny(instance, op, context),
    query: (op) => query(instance, op),
    advance: (time, emit) => {
      const { advance } = definition;
      if (advance === undefined) return;
      attempt(instance, 'advance', emit, (collect) => {
        advance({ state: instance.state, time, emit: collect });
        return ADVANCED;
      });
    },
    digest: state.digest,
    mark: state.mark,
    rollback: state.rollback,
    release: state.release,
    snapshot: state.snapshot,
    restore: state.restore,
  };
}

function callables(declared: object, method: 'execute' | 'answer'): Map<string, Callable> {
  return new Map(
    Object.entries(declared).map(([name, entry]) => {
      const run = (context: unknown, args: unknown): unknown => entry[method](context, args);
      return [name, { name, input: entry.input, output: entry.output, run }];
    }),
  );
}

/** An operation, or a bundle of them. */
function executeAny<S, E>(instance: Instance<S, E>, body: Uint8Array, context: ExecuteContext): Uint8Array {
  const run = (op: Uint8Array, room: number): Uint8Array | null => execute(instance, op, context, room);
  const reply = isBundle(body) ? executeBundle(body, run) : run(body, Number.POSITIVE_INFINITY);
  return reply ?? MALFORMED;
}

/** The reply, which is bounded by its codec; null if it is larger than `room`, and then nothing has happened. */
function execute<S, E>(
  instance: Instance<S, E>,
  op: Uint8Array,
  context: ExecuteContext,
  room: number,
): Uint8Array | null {
  const reply = perform(instance, op, context, room);
  return reply.length <= room ? reply : null;
}

function perform<S, E>(
  instance: Instance<S, E>,
  op: Uint8Array,
  context: ExecuteContext,
  room: number,
): Uint8Array {
  const reader = createReader(op);
  const head = readOperationHead(reader);
  if (head === null) return MALFORMED;
  if (head.kind === 'query') return answer(instance, head.name, reader);
  const found = instance.operations.get(head.name);
  if (found === undefined) return UNKNOWN;
  const args = inputOf(found, reader);
  if (args === null) return MALFORMED;
  const { time, random, domain, client } = context;
  return attempt(instance, found.name, context.emit, (emit) => {
    const seen: Context<S, E> = { state: instance.state, time, random, caller: { domain, client }, emit };
    const result = replyTo(found, found.run(seen, args.value));
    return result.bytes.length <= room ? result : { ...result, isDone: false };
  });
}

function query<S, E>(instance: Instance<S, E>, op: Uint8Array): Uint8Array {
  const reader = createReader(op);
  const head = readOperationHead(reader);
  return head?.kind === 'query' ? answer(instance, head.name, reader) : MALFORMED;
}

/** Answers from the state. The book is not open, so a query that writes throws. */
function answer<S, E>(instance: Instance<S, E>, name: string, reader: Reader): Uint8Array {
  const found = instance.queries.get(name);
  if (found === undefined) return UNKNOWN;
  const args = inputOf(found, reader);
  if (args === null) return MALFORMED;
  try {
    return replyTo(found, found.run({ state: instance.state }, args.value)).bytes;
  } catch (error) {
    return threw(instance, name, error);
  }
}

/** Boxed, as an input may itself be null; null for anything that its codec does not write. */
function inputOf(found: Callable, reader: Reader): { readonly value: unknown } | null {
  const value = found.input.read(reader);
  return reader.finish({ value }) !== null && found.input.accepts(value) ? { value } : null;
}

interface Answer {
  readonly bytes: Uint8Array;
  /** What was written and emitted stays. */
  readonly isDone: boolean;
}

/** Nobody reads the reply to the passing of time. */
const ADVANCED: Answer = { bytes: new Uint8Array(0), isDone: true };

function replyTo(found: Callable, result: unknown): Answer {
  if (result instanceof Refusal) return { bytes: encodeFailure(result.code, result.detail), isDone: false };
  if (!found.output.accepts(result))
    throw new WriteError(`the output of '${found.name}' is none of its values`);
  return { bytes: encodeDone((writer) => found.output.write(writer, result)), isDone: true };
}

/** Runs code that may write and emit; keeps both if it is done, otherwise takes both back. */
function attempt<S, E>(
  instance: Instance<S, E>,
  name: string,
  emit: (event: Uint8Array) => void,
  run: (emit: (event: E) => void) => Answer,
): Uint8Array {
  const events: Uint8Array[] = [];
  instance.book.begin();
  try {
    const result = run((event) => void events.push(eventBytes(instance.event, event)));
    if (!result.isDone) {
      instance.book.undo();
      return result.bytes;
    }
    instance.book.keep();
    for (const event of events) emit(event);
    return result.bytes;
  } catch (error) {
    instance.book.undo();
    return threw(instance, name, error);
  }
}

function eventBytes<E>(codec: Codec<E> | null, event: E): Uint8Array {
  if (codec === null || !codec.accepts(event)) throw new WriteError('an event is a value of the event codec');
  const writer = createWriter(128);
  codec.write(writer, event);
  return writer.finish();
}

function threw<S, E>(instance: Instance<S, E>, name: string, error: unknown): Uint8Array {
  if (error instanceof AssertionError || isExhaustion(error)) throw error;
  instance.onThrow(name, error);
  return THREW;
}

/** How deep a stack may grow depends on the machine: replicas would disagree on the outcome. */
const isExhaustion = (error: unknown): boolean =>
  error instanceof RangeError && error.message.includes('call stack');
