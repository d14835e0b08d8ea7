/**
 * What a program holds of a member, or an executor, that runs in it: its typed client, what it has executed, how it is, and
 * its end.
 */

import type { AddressInfo } from 'node:net';
import type { Millis } from '@concordat/kernel';
import type { Host, Metrics } from '@concordat/runtime';
import { primaryOf } from '../../config.ts';
import type { Message } from '../../replica/messages.ts';
import type { ReplicaState } from '../../replica/state.ts';
import type { Outcome } from '../client/outcome.ts';
import type { TypedClient } from '../client/typed-client.ts';
import type { Membership } from './membership.ts';
import { nodesIn } from './stages.ts';

export interface MemberStatus {
  readonly name: string;
  readonly view: number;
  /** Name of the member that proposes in this view. */
  readonly primary: string;
  /** The last slot executed here, and the last that is a stable checkpoint: at an executor, one that enough of them signed. */
  readonly executed: number;
  readonly stable: number;
  /** Milliseconds since the ordered time of the last executed batch: small while a quorum works. */
  readonly behindMs: Millis;
  /** False while it recovers from lost promises; an executor makes none that count. */
  readonly mayVote: boolean;
  /** Names of the members and executors it is linked to. */
  readonly linked: readonly string[];
}

export interface Member<I, O, QI, QO> extends TypedClient<I, O, QI, QO> {
  /** Answers from what is executed here, without a message: it may lag behind the others. */
  peek<K extends keyof QI & keyof QO>(name: K, args: QI[K]): Promise<Outcome<QO[K]>>;
  status(): MemberStatus;
  readonly metrics: Metrics;
  /** Where members, executors and, if its card says so, outside clients (`clients`) connect. */
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

/** What is the same for a node of any kind. */
export type NodeHandle = Omit<Member<unknown, unknown, unknown, unknown>, 'call' | 'query' | 'peek'>;

export const handleOf = (host: MemberHost, membership: Membership): NodeHandle =>
  handleOn(host, () => statusOf(host, membership));

export function handleOn<S>(host: Host<S, Message>, status: () => MemberStatus): NodeHandle {
  return {
    status,
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

function statusOf(host: MemberHost, membership: Membership): MemberStatus {
  const { config, view, execution, stable, incarnation } = host.state;
  const nodes = nodesIn(membership);
  const nameOf = (id: number): string => nodes.get(id)?.name ?? `${id}`;
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
