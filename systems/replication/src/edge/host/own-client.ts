/**
 * The typed client of a program that runs a node: calls and questions go into its host's turns, and end with it. A member that
 * only orders has no state to answer from, and its process is told so at once.
 */

import type { Host } from '@concordat/runtime';
import type { Message } from '../../replica/messages.ts';
import { type FailureCode, failed, unknown } from '../client/outcome.ts';
import { createTypedClient } from '../client/typed-client.ts';
import type { TypedService } from '../service/definition.ts';
import { decodeReply, encodeCall } from '../service/frames.ts';
import type { Member } from './member-handle.ts';
import type { OwnCalls } from './own-calls.ts';

export type OwnClient<I, O, QI, QO> = Pick<Member<I, O, QI, QO>, 'call' | 'query' | 'peek'>;

/** What ends a node's own calls. What it has executed can be read until it is closed. */
export interface OwnEnds {
  readonly closed: AbortSignal;
  /** It has left the federation. */
  readonly left?: AbortSignal;
}

export function createOwnClient<S, I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  host: Host<S, Message>,
  { queue, ask }: Pick<OwnCalls<S>, 'queue' | 'ask'>,
  { closed, left }: OwnEnds,
): OwnClient<I, O, QI, QO> {
  const ended = new AbortController();
  for (const signal of left === undefined ? [closed] : [closed, left])
    signal.addEventListener('abort', () => ended.abort(), { once: true });
  const client = createTypedClient(service, {
    closed: ended.signal,
    submit: (body, replied) => {
      const entry = queue.add(body, replied);
      if (entry === null) return null;
      // Any event makes a turn, and every turn pumps the queue.
      host.inject(() => {});
      return { withdraw: () => queue.withdraw(entry) };
    },
  });
  return { ...client, peek: peekInto(service, host, ask, closed) };
}

/** Aborted when a node has halted, for whatever reason. */
export function endOf<S>(host: Host<S, Message>): AbortSignal {
  const closed = new AbortController();
  void host.halted.then(() => closed.abort());
  return closed.signal;
}

/** Reads what is final here, and shows it once it is durable, like everything a node tells. */
function peekInto<S, I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  host: Host<S, Message>,
  ask: OwnCalls<S>['ask'],
  closed: AbortSignal,
): Member<I, O, QI, QO>['peek'] {
  return async (name, args) => {
    const { input, output } = service.queries[name];
    if (!input.accepts(args)) return failed('bad-input');
    const query = encodeCall('query', String(name), service.queries[name], args);
    const reply = await new Promise<Uint8Array | null>((resolve) => {
      if (closed.aborted) return resolve(null);
      const onClosed = (): void => resolve(null);
      closed.addEventListener('abort', onClosed, { once: true });
      host.inject((s, env) =>
        ask(s, env, query, (answer) => {
          closed.removeEventListener('abort', onClosed);
          resolve(answer);
        }),
      );
    });
    if (reply === null) return failed('closed');
    return decodeReply(reply, (reader) => output.read(reader)) ?? unknown('unreadable');
  };
}

const ELSEWHERE = 'call at an executor, or from outside with connectClient';

/** What it orders it neither executes nor sees the results of: an executor does, or a client that hears several. */
export const orderingOnly = <I, O, QI, QO>(): OwnClient<I, O, QI, QO> =>
  refusing('orders-only', `this member orders and holds no state: ${ELSEWHERE}`);

/** The same of one that keeps what others order and execute. */
export const filteringOnly = <I, O, QI, QO>(): OwnClient<I, O, QI, QO> =>
  refusing('filters-only', `this node keeps requests for others and holds no state: ${ELSEWHERE}`);

function refusing<I, O, QI, QO>(code: FailureCode, detail: string): OwnClient<I, O, QI, QO> {
  const refuse = async () => failed(code, detail);
  return { call: refuse, query: refuse, peek: refuse };
}
