/**
 * What a program holds of a member that runs in it: its typed client, what it has executed, how it is, and its end.
 */

import type { AddressInfo } from 'node:net';
import type { Millis } from '@concordat/kernel';
import type { Host, Metrics } from '@concordat/runtime';
import { primaryOf } from '../../config.ts';
import type { Message } from '../../replica/messages.ts';
import type { ReplicaState } from '../../replica/state.ts';
import { failed, type Outcome, unknown } from '../client/outcome.ts';
import type { TypedClient } from '../client/typed-client.ts';
import type { TypedService } from '../service/definition.ts';
import { decodeReply, encodeCall } from '../service/frames.ts';
import type { Membership } from './membership.ts';
import type { OwnCalls } from './own-calls.ts';

export interface MemberStatus {
  readonly name: string;
  readonly view: number;
  /** Name of the member that proposes in this view. */
  readonly primary: string;
  /** The last slot executed here, and the last that is a stable checkpoint. */
  readonly executed: number;
  readonly stable: number;
  /** Milliseconds since the ordered time of the last executed batch: small while a quorum works. */
  readonly behindMs: Millis;
  /** False while it recovers from lost promises. */
  readonly mayVote: boolean;
  /** Names of the members it is linked to. */
  readonly linked: readonly string[];
}

export interface Member<I, O, QI, QO> extends TypedClient<I, O, QI, QO> {
  /** Answers from what this member has executed, without a message: it may lag behind the others. */
  peek<K extends keyof QI & keyof QO>(name: K, args: QI[K]): Promise<Outcome<QO[K]>>;
  status(): MemberStatus;
  readonly metrics: Metrics;
  /** Where members and, if its card says so, outside clients (`clients`) connect. */
  readonly addresses: ReadonlyMap<string, AddressInfo>;
  /** Resolves with the error when a bug or the disk stops it, or with null after `close`. */
  readonly halted: Promise<Error | null>;
  /** Stops as a crash does: nothing more is sent or written. */
  kill(): Promise<void>;
  /** Lets what is under way become durable and leave, then closes everything. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export type MemberHost = Host<ReplicaState, Message>;

/** Reads what is final here, and shows it once it is durable, like everything a member tells. */
export function peekInto<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  host: MemberHost,
  ask: OwnCalls['ask'],
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

export function handleOf(
  host: MemberHost,
  membership: Membership,
): Omit<Member<unknown, unknown, unknown, unknown>, 'call' | 'query' | 'peek'> {
  return {
    status: () => statusOf(host, membership),
    metrics: host.metrics,
    addresses: host.addresses,
    halted: host.halted,
    kill: async () => {
      host.halt(new Error('killed'));
      await host.halted;
    },
    close: host.close,
    [Symbol.asyncDispose]: host.close,
  };
}

function statusOf(host: MemberHost, { members }: Membership): MemberStatus {
  const { config, view, execution, stable, incarnation } = host.state;
  const nameOf = (id: number): string => members[id]?.name ?? `${id}`;
  return {
    name: nameOf(config.self),
    view,
    primary: nameOf(primaryOf(config.members, view)),
    executed: execution.executed,
    stable: stable.slot,
    behindMs: Math.max(0, Date.now() - execution.core.time.get()),
    mayVote: incarnation.mayVote,
    linked: host.linked.map(nameOf),
  };
}
