/**
 * A definition as a kernel `Service`. Whatever bytes arrive, `execute` replies: malformed input, unknown names, refusals
 * and throws of the author's code are failures that leave no trace in the state, the same at every replica. Only what
 * may differ between replicas - an exhausted stack, a broken invariant of the state - halts the process instead.
 * Operations and queries are those of the version in force, and of no other.
 */

import { AssertionError, assert, type ExecuteContext, type Service } from '@concordat/kernel';
import { createState } from '@concordat/state';
import { createReader, createWriter, type Reader } from '@concordat/wire';
import { executeBundle, isBundle } from './bundles.ts';
import type { Codec } from './codecs.ts';
import { createCollections, type WriteBook, WriteError } from './collections.ts';
import type { Context, CreateOptions, Running } from './definition.ts';
import { encodeDone, encodeFailure, type OperationHead, readOperationHead } from './frames.ts';
import { Refusal } from './refusal.ts';
import { type Callable, declareVersions, runningOf, switchVersion, type Version } from './versions.ts';

interface Instance {
  /** Of the version in force. */
  present(): Version;
  readonly book: WriteBook;
  readonly onThrow: (name: string, error: unknown) => void;
}

const MALFORMED = encodeFailure('malformed', '');
/** The error's own words stay here: they may differ between versions of the engine. */
const THREW = encodeFailure('threw', '');

export function createTypedService<S>(
  definition: Running<S>,
  { hash, onThrow = () => {}, version: asked = definition.version }: CreateOptions,
): Service {
  const chain = runningOf(definition);
  const first = chain.find(({ version }) => version === asked) ?? chain[0];
  assert(first !== undefined, 'a service has a version');
  const state = createState({ hash, version: first.version, versions: chain.map(({ version }) => version) });
  const collections = createCollections(state);
  const versions = declareVersions(chain, collections);
  const present = (): Version => {
    const found = versions.find(({ number }) => number === state.version());
    assert(found !== undefined, 'a state is of a version that is declared');
    return found;
  };
  const instance: Instance = { present, book: collections.book, onThrow };
  return {
    version: state.version,
    versions: state.versions,
    switchTo: (version) => {
      for (const next of versions)
        if (next.number > state.version() && next.number <= version) {
          switchVersion(collections, present(), next);
          state.switchTo(next.number);
        }
      assert(state.version() === version, 'a service switches to a version that it can run');
    },
    execute: (op, context) => executeAny(instance, op, context),
    query: (op) => query(instance, op),
    advance: (time, emit) => {
      const { advance, state: seen } = present();
      if (advance === null) return;
      attempt(instance, 'advance', emit, (collect) => {
        advance({ state: seen, time, emit: collect });
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

/** An operation, or a bundle of them. */
function executeAny(instance: Instance, body: Uint8Array, context: ExecuteContext): Uint8Array {
  const run = (op: Uint8Array, room: number): Uint8Array | null => execute(instance, op, context, room);
  const reply = isBundle(body) ? executeBundle(body, run) : run(body, Number.POSITIVE_INFINITY);
  return reply ?? MALFORMED;
}

/** The reply, which is bounded by its codec; null if it is larger than `room`, and then nothing has happened. */
function execute(
  instance: Instance,
  op: Uint8Array,
  context: ExecuteContext,
  room: number,
): Uint8Array | null {
  const reply = perform(instance, op, context, room);
  return reply.length <= room ? reply : null;
}

function perform(instance: Instance, op: Uint8Array, context: ExecuteContext, room: number): Uint8Array {
  const reader = createReader(op);
  const head = readOperationHead(reader);
  if (head === null) return MALFORMED;
  if (head.kind === 'query') return answer(instance, head, reader);
  const version = instance.present();
  const found = callableIn(version, version.operations, head);
  if (found instanceof Uint8Array) return found;
  const args = inputOf(found, reader);
  if (args === null) return MALFORMED;
  const { time, random, domain, client } = context;
  return attempt(instance, found.name, context.emit, (emit) => {
    const seen: Context<unknown, unknown> = {
      state: version.state,
      time,
      random,
      caller: { domain, client },
      emit,
    };
    const result = replyTo(found, found.run(seen, args.value));
    return result.bytes.length <= room ? result : { ...result, isDone: false };
  });
}

function query(instance: Instance, op: Uint8Array): Uint8Array {
  const reader = createReader(op);
  const head = readOperationHead(reader);
  return head?.kind === 'query' ? answer(instance, head, reader) : MALFORMED;
}

/** What is asked for, or the reply that the version in force does not have it, or not in the form that the client knows. */
function callableIn(
  version: Version,
  declared: ReadonlyMap<string, Callable>,
  { name, form }: OperationHead,
): Callable | Uint8Array {
  const found = declared.get(name);
  if (found === undefined) return version.unknown;
  return found.form === form ? found : version.other;
}

/** Answers from the state. The book is not open, so a query that writes throws. */
function answer(instance: Instance, head: OperationHead, reader: Reader): Uint8Array {
  const version = instance.present();
  const found = callableIn(version, version.queries, head);
  if (found instanceof Uint8Array) return found;
  const args = inputOf(found, reader);
  if (args === null) return MALFORMED;
  try {
    return replyTo(found, found.run({ state: version.state }, args.value)).bytes;
  } catch (error) {
    return threw(instance, head.name, error);
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
function attempt(
  instance: Instance,
  name: string,
  emit: (event: Uint8Array) => void,
  run: (emit: (event: unknown) => void) => Answer,
): Uint8Array {
  const events: Uint8Array[] = [];
  const { event: codec } = instance.present();
  instance.book.begin();
  try {
    const result = run((event) => void events.push(eventBytes(codec, event)));
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

function eventBytes(codec: Codec<unknown> | null, event: unknown): Uint8Array {
  if (codec === null || !codec.accepts(event)) throw new WriteError('an event is a value of the event codec');
  const writer = createWriter(128);
  codec.write(writer, event);
  return writer.finish();
}

function threw(instance: Instance, name: string, error: unknown): Uint8Array {
  if (error instanceof AssertionError || isExhaustion(error)) throw error;
  instance.onThrow(name, error);
  return THREW;
}

/** How deep a stack may grow depends on the machine: replicas would disagree on the outcome. */
const isExhaustion = (error: unknown): boolean =>
  error instanceof RangeError && error.message.includes('call stack');
