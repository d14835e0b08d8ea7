/**
 * What a program holds of a member, an executor, or a filter node, that runs in it: its typed client, what it has executed,
 * how it is, and its end.
 */

import type { AddressInfo } from 'node:net';
import type { Millis } from '@concordat/kernel';
import { type Host, type Metrics, RuntimeError } from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import { primaryOf } from '../../config.ts';
import type { Reconfigure } from '../../governance/command.ts';
import type { Configuration } from '../../governance/configuration.ts';
import { configurationOf } from '../../governance/epochs.ts';
import type { Message } from '../../replica/messages.ts';
import type { ReplicaState } from '../../replica/state.ts';
import { failed, type Outcome } from '../client/outcome.ts';
import type { CallOptions, TypedClient } from '../client/typed-client.ts';
import type { Keyring } from '../governance/keyring.ts';
import {
  type Accepted,
  type Federation,
  federationAt,
  type GovernParts,
  govern,
  nameOf,
} from './governing.ts';
import type { Membership } from './membership.ts';

export interface MemberStatus extends Federation {
  readonly name: string;
  readonly view: number;
  /** Name of the member that proposes in this view. */
  readonly primary: string;
  /**
   * The last slot executed here, and the last that is a stable checkpoint: at an executor, one that enough of them signed; 0 at
   * a filter node, which hears of no slots.
   */
  readonly executed: number;
  readonly stable: number;
  /** Milliseconds since the ordered time of the last executed batch: small while a quorum works; 0 at a filter node. */
  readonly behindMs: Millis;
  /** False while it recovers from lost promises; executors and filter nodes make none that count. */
  readonly mayVote: boolean;
  /** At a filter node alone: requests that are on its disk, and about how much they occupy. */
  readonly keeps?: { readonly requests: number; readonly bytes: number };
  /** Names of the other nodes it is linked to. */
  readonly linked: readonly string[];
}

export interface Member<I, O, QI, QO> extends TypedClient<I, O, QI, QO> {
  /** Answers from what is executed here, without a message: it may lag behind the others. */
  peek<K extends keyof QI & keyof QO>(name: K, args: QI[K]): Promise<Outcome<QO[K]>>;
  status(): MemberStatus;
  /** The present configuration: what a proposal is made from. */
  configuration(): Configuration;
  /**
   * Has an approved command ordered: `ok` with the epoch that it brings, or `failed` with code `refused` and the reason, or
   * `ungoverned` where the cards have no admin keys, or `executes-only` at an executor. Any member takes any command.
   */
  govern(command: Reconfigure, options?: CallOptions): Promise<Outcome<Accepted>>;
  /**
   * The public key, in hexadecimal, that this member would take with the next epoch; made, and kept, when first asked for.
   * Throws `bad-configuration` where the cards have no admin keys, and at an executor.
   */
  nextKey(): string;
  readonly metrics: Metrics;
  /** Where other nodes (`members`) and, if its card says so, outside clients (`clients`) connect. */
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

/** What a node says of its federation, and does about it. */
type Governance = Pick<NodeHandle, 'configuration' | 'govern' | 'nextKey'>;

export function handleOf(parts: GovernParts, membership: Membership, keyring: Keyring): NodeHandle {
  const { host, governing } = parts;
  const present = (): Configuration => configurationOf(host.state);
  const status = (): MemberStatus => statusOf(host, membership);
  if (governing.governed === undefined) return handleOn(host, status, unchanging(present));
  return handleOn(host, status, {
    configuration: present,
    govern: (command, options) => govern(parts, command, options),
    nextKey: () => toHex(keyring.prepare(present().epoch + 1)),
  });
}

/** Where nobody can approve a change, or the node takes part in none. */
export const unchanging = (configuration: () => Configuration, { code, why } = NO_ADMINS): Governance => ({
  configuration,
  govern: async () => failed(code, why),
  nextKey: () => {
    throw new RuntimeError('bad-configuration', why);
  },
});

const NO_ADMINS = {
  code: 'ungoverned',
  why: 'the cards have no admin keys: nobody can approve a change',
};

export function handleOn<S>(
  host: Host<S, Message>,
  status: () => MemberStatus,
  governance: Governance,
): NodeHandle {
  return {
    status,
    ...governance,
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
  const configuration = configurationOf(host.state);
  const called = (id: number): string => nameOf(configuration, membership, id);
  return {
    ...federationAt(host.state, membership),
    name: called(config.self),
    view,
    primary: called(primaryOf(config.members, view)),
    executed: execution.executed,
    stable: stable.slot,
    behindMs: Math.max(0, Date.now() - execution.core.time.get()),
    mayVote: incarnation.mayVote,
    linked: host.linked.map(called),
  };
}
