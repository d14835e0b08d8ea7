/**
 * The typed face of a service: one promise for each call, which resolves with an outcome and never rejects. How calls
 * travel - through the own replica's log, or to all replicas from outside - is the channel's business.
 */

import type { OperationCodecs, TypedService } from '../service/definition.ts';
import { decodeReply, encodeCall, type OperationKind } from '../service/frames.ts';
import { failed, type Outcome, unknown } from './outcome.ts';

export interface CallOptions {
  /** Stops waiting: the outcome is `failed` if the call was not sent yet, otherwise `unknown`. */
  readonly signal?: AbortSignal;
  /** The same after so long; 30 seconds unless told. */
  readonly timeoutMs?: number;
}

export interface TypedClient<I, O, QI, QO> {
  /** Has an operation ordered and executed. */
  call<K extends keyof I & keyof O>(name: K, args: I[K], options?: CallOptions): Promise<Outcome<O[K]>>;
  /**
   * Asks for what the operations so far have made: up to date wherever it is asked. From outside it is answered without
   * being ordered where n - u replicas say the same, or all executors, and ordered like an operation otherwise.
   */
  query<K extends keyof QI & keyof QO>(name: K, args: QI[K], options?: CallOptions): Promise<Outcome<QO[K]>>;
}

/** Carries encoded operations into the log and replies back. */
export interface Channel {
  /** Null when too many calls wait, or the channel is closed. `withdraw` tells whether it was not sent and never will be. */
  submit(body: Uint8Array, replied: (reply: Uint8Array) => void): { withdraw(): boolean } | null;
  /**
   * Asks without having the query ordered; false if it has to be, because own calls are under way, and what is asked after
   * them should see them. `answered` with null means the same.
   */
  ask?(query: Uint8Array, answered: (answer: Uint8Array | null) => void): boolean;
  /** Aborted when the channel closes. */
  readonly closed: AbortSignal;
}

const TIMEOUT_MS = 30_000;

export function createTypedClient<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  channel: Channel,
): TypedClient<I, O, QI, QO> {
  return {
    call: (name, args, options) =>
      perform(channel, 'operation', String(name), service.operations[name], args, options),
    query: (name, args, options) =>
      perform(channel, 'query', String(name), service.queries[name], args, options),
  };
}

async function perform<A, T>(
  channel: Channel,
  kind: OperationKind,
  name: string,
  codecs: OperationCodecs<A, T> | undefined,
  args: A,
  options: CallOptions = {},
): Promise<Outcome<T>> {
  if (codecs === undefined) return failed('unknown-operation', `the service has no ${kind} '${name}'`);
  const { input, output } = codecs;
  if (!input.accepts(args))
    return failed('bad-input', `the input of '${name}' has another form or is too large`);
  if (channel.closed.aborted) return failed('closed');
  if (options.signal?.aborted === true) return failed('aborted');
  const body = encodeCall(kind, name, codecs, args);
  const submit =
    kind === 'query'
      ? (...sent: Parameters<Channel['submit']>) => askOrSubmit(channel, ...sent)
      : channel.submit;
  const reply = await answerTo({ closed: channel.closed, submit }, body, options);
  if (!(reply instanceof Uint8Array)) return reply;
  return decodeReply(reply, (reader) => output.read(reader)) ?? unknown('unreadable');
}

/** Asks, and has the query ordered where the replicas do not agree on an answer. It changes nothing, sent or not. */
function askOrSubmit(
  channel: Channel,
  query: Uint8Array,
  replied: (reply: Uint8Array) => void,
): ReturnType<Channel['submit']> {
  let isWithdrawn = false;
  const answered = (answer: Uint8Array | null): void => {
    if (isWithdrawn) return;
    if (answer === null) channel.submit(query, replied);
    else replied(answer);
  };
  if (channel.ask?.(query, answered) !== true) return channel.submit(query, replied);
  return {
    withdraw: () => {
      isWithdrawn = true;
      return true;
    },
  };
}

/** Waits for the reply, or for a reason not to; cleans up whatever happens. */
function answerTo(
  channel: Pick<Channel, 'submit' | 'closed'>,
  body: Uint8Array,
  { signal, timeoutMs = TIMEOUT_MS }: CallOptions,
): Promise<Uint8Array | Outcome<never>> {
  return new Promise((resolve) => {
    const end = (result: Uint8Array | Outcome<never>): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      stops.delete(onClosed);
      resolve(result);
    };
    const sent = channel.submit(body, end);
    const giveUp = (why: 'aborted' | 'timeout' | 'closed'): void =>
      end(sent?.withdraw() === true ? failed(why) : unknown(why));
    const onAbort = (): void => giveUp('aborted');
    const onClosed = (): void => giveUp('closed');
    const stops = stopsOf(channel.closed);
    const timer = setTimeout(() => giveUp('timeout'), timeoutMs);
    if (sent === null) return end(failed('busy'));
    signal?.addEventListener('abort', onAbort, { once: true });
    stops.add(onClosed);
  });
}

/** PERF: one listener for all calls of a channel: an EventTarget searches its listeners one by one. */
const stopsByChannel = new WeakMap<AbortSignal, Set<() => void>>();

function stopsOf(closed: AbortSignal): Set<() => void> {
  const known = stopsByChannel.get(closed);
  if (known !== undefined) return known;
  const stops = new Set<() => void>();
  stopsByChannel.set(closed, stops);
  closed.addEventListener('abort', () => {
    for (const stop of [...stops]) stop();
  });
  return stops;
}
