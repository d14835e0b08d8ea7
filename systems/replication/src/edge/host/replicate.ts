/**
 * One member of a replicated service, or one executor, as a program of its own: what is in its directory, the cards of all
 * nodes, and a port for operators. Everything that may differ between nodes is here; all else is the membership.
 */

import type { AddressInfo } from 'node:net';
import { type Address, createMetrics, openJournal, startMonitor } from '@concordat/runtime';
import { keyringIn } from '../governance/keyring.ts';
import type { TypedService } from '../service/definition.ts';
import { startExecutor } from './executor.ts';
import { journalFolder, readHome } from './home.ts';
import { type MemberOptions, startMember } from './member.ts';
import type { Member, MemberStatus } from './member-handle.ts';
import type { Membership } from './membership.ts';
import { isExecutor } from './stages.ts';

export interface ReplicateOptions<E>
  extends Membership,
    Omit<MemberOptions<E>, 'membership' | 'identity' | 'journal' | 'keyring'> {
  /** Made by `createHome`; the card of its identity is among the members, or the executors: it says which of them this is. */
  readonly directory: string;
  /** Where operators read /metrics, /health and /ready; nowhere unless told. */
  readonly monitor?: Address;
}

export interface Replica<I, O, QI, QO> extends Member<I, O, QI, QO> {
  /** Where the monitor listens, or null. */
  readonly monitor: AddressInfo | null;
}

/** Without an ordered batch for this long, a member is not ready: heartbeats come several times a second. */
const READY_MS = 3000;

/**
 * Opens the directory, binds the ports and starts. Rejects with a `RuntimeError`: `bad-configuration`, `port-failed`,
 * or what the journal found (`journal-locked`, `journal-format`, `disk-full`, `disk-failed`); or with a `HaltError` that says what
 * to do where this program cannot go on from its journal, because the federation runs a version of the service that it lacks.
 */
export async function replicate<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  options: ReplicateOptions<E>,
): Promise<Replica<I, O, QI, QO>> {
  const { directory, monitor: listen, ...others } = options;
  const { u, r, members, executors = [], clients = [], preset = 'concordat', version = 1, ...rest } = others;
  const identity = readHome(directory);
  const metrics = options.metrics ?? createMetrics();
  const journal = await openJournal(journalFolder(directory));
  const membership = { u, r, members, executors, clients, preset, version };
  const keyring = keyringIn(directory, 'concordat member');
  const start = isExecutor(membership, identity.publicKey) ? startExecutor : startMember;
  const member = await start(service, { ...rest, membership, identity, journal, keyring, metrics });
  if (listen === undefined) return { ...member, monitor: null };
  try {
    const monitor = await startMonitor({
      listen,
      metrics,
      unhealthy: () => null,
      unready: () => unreadiness(member.status()),
    });
    const close = async (): Promise<void> => void (await Promise.all([monitor.close(), member.close()]));
    return { ...member, monitor: monitor.address, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    // A member that nobody can watch must not serve on unnoticed.
    await member.close();
    throw error;
  }
}

function unreadiness({ behindMs, hasLeft }: MemberStatus): string | null {
  if (hasLeft) return 'this member has left the federation';
  return behindMs < READY_MS ? null : 'no recent ordered batch';
}
