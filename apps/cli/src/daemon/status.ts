/** What a daemon tells its operator about itself and about what it sees of the others. */

import { readdirSync } from 'node:fs';
import { isServing as isGatewayServing } from '@concordat/keeper';
import { MAX_MEMBERS } from '@concordat/kernel';
import { configurationOf, fetchedOf, primaryOf, type ReplicaState } from '@concordat/replication';
import { nameIn } from '@concordat/replication/edge';
import type { Address, Host } from '@concordat/runtime';
import { type Federation, proxiesIn } from '../config/federation.ts';
import type { DomainMessage, DomainState } from '../domain/domain.ts';
import type { StartProgress, StartStatus } from './start-progress.ts';

export interface DomainStatus {
  readonly name: string;
  readonly pid: number;
  readonly endpoint: string;
  readonly view: number;
  /** Name of the member that leads the view. */
  readonly primary: string;
  /** The view it is changing to, or null. */
  readonly changingTo: number | null;
  readonly executed: number;
  readonly stable: number;
  /** Milliseconds since the ordered time of the last executed batch. */
  readonly behindMs: number;
  readonly isServing: boolean;
  /** False while it recovers from lost promises. */
  readonly mayVote: boolean;
  readonly linked: readonly string[];
  /** Proxies that are linked. */
  readonly proxies: readonly string[];
  readonly connections: number;
  /** Files with proofs of misbehaviour. */
  readonly evidence: readonly string[];
  /** How far its start has come; null once it has served. */
  readonly starting: StartStatus | null;
}

/** Of a daemon whose journal is still being read. */
export interface StartingStatus extends Pick<DomainStatus, 'name' | 'pid' | 'endpoint'> {
  readonly starting: StartStatus;
}

type DomainHost = Host<DomainState, DomainMessage>;

const behindBy = ({ state }: DomainHost): number =>
  Math.max(0, Date.now() - state.replica.execution.core.time.get());

/** Whether it has lately executed an ordered batch and its gateway may answer. */
export const isServing = ({ state }: DomainHost): boolean => isGatewayServing(state.clients, Date.now());

/** How often it is looked whether a start is over. */
const LOOK_MS = 250;

/**
 * Tells what a domain that has read its journal still does, until it serves; returns what ends that early. Of what it fetches it
 * knows the parts; otherwise its ordered time comes closer to the present.
 */
export function followStart(start: StartProgress, host: DomainHost): () => void {
  const { replica } = host.state;
  const orderedTime = (): number => replica.execution.core.time.get();
  const since = orderedTime();
  const look = (): void => {
    if (isServing(host)) {
      start.served();
      clearInterval(timer);
      return;
    }
    const fetched = replica.transfer && fetchedOf(replica.transfer);
    if (fetched !== null) return start.report('fetching the state', fetched);
    const time = orderedTime();
    start.report('catching up with the others', {
      done: time - since,
      total: Math.max(time, Date.now()) - since,
    });
  };
  const timer = setInterval(look, LOOK_MS).unref();
  look();
  return () => clearInterval(timer);
}

export const endpointOf = ({ host, port }: Address): string => `${host}:${port}`;

export function statusOf(
  host: DomainHost,
  federation: Federation,
  self: number,
  clients: Address,
  evidenceDirectory: string,
  starting: StartStatus | null,
): DomainStatus {
  const { replica, clients: gateway } = host.state;
  const nameOf = (id: number): string => federation.members[id]?.name ?? `${id}`;
  return {
    name: nameOf(self),
    pid: process.pid,
    endpoint: endpointOf(clients),
    view: replica.view,
    primary: nameOf(primaryOf(replica.config.members, replica.view)),
    changingTo: replica.changingTo,
    executed: replica.execution.executed,
    stable: replica.stable.slot,
    behindMs: behindBy(host),
    isServing: isServing(host),
    mayVote: replica.incarnation.mayVote,
    linked: host.linked.filter((id) => id < MAX_MEMBERS).map(nameOf),
    proxies: host.linked.filter((id) => id >= MAX_MEMBERS).map((id) => proxyName(replica, federation, id)),
    connections: gateway.connections.size,
    evidence: evidenceFiles(evidenceDirectory),
    starting: isServing(host) ? null : starting,
  };
}

const proxyName = (replica: ReplicaState, federation: Federation, id: number): string =>
  proxiesIn(federation).get(id)?.name ?? nameIn(configurationOf(replica), id);

function evidenceFiles(directory: string): string[] {
  try {
    // Not what a full disk has taken only in part.
    return readdirSync(directory)
      .filter((name) => name.endsWith('.proof'))
      .sort();
  } catch {
    return [];
  }
}
