/** What must hold at the end of a run of the keeper's swarm, each as a function that says what is wrong, or null. */

import { checkOrderedWrites } from '@concordat/check';
import type { ClientOperation, ClientState } from '@concordat/keeper';
import type { NodeId } from '@concordat/kernel';
import type { World } from '@concordat/sim';
import { toHex } from '@concordat/wire';
import type { DomainState } from '../domain/domain.ts';
import type { ProxyState } from '../proxy/proxy.ts';
import { EPHEMERAL, SEQUENTIAL, WITNESS } from './client.ts';

/** What is judged: honest domains, and clients all of whose endpoints are honest. */
export interface Outcome {
  readonly world: World;
  readonly honest: readonly NodeId[];
  readonly trusted: readonly ClientState[];
  readonly proxies: readonly NodeId[];
}

/** One order of writes explains everything that clients of honest domains saw; `unknown` is no verdict. */
export function judgeHistory({ trusted }: Outcome): string | null {
  const { verdict, explanation } = checkOrderedWrites(trusted.flatMap(({ history }) => history));
  return verdict === 'ok' ? null : `${verdict}: ${explanation}`;
}

/** No answer was malformed, out of order, or ahead of the watch event for it. */
export function judgeClients({ trusted }: Outcome): string | null {
  const found = trusted.find(({ violations }) => violations.length > 0);
  return found === undefined ? null : `client ${found.config.number}: ${found.violations[0]}`;
}

const runningDomains = ({ world, honest }: Outcome): DomainState[] =>
  honest.filter((id) => world.isUp(id)).map((id) => world.stateOf<DomainState>(id));

const runningProxies = ({ world, proxies }: Outcome): ProxyState[] =>
  proxies.filter((id) => world.isUp(id)).map((id) => world.stateOf<ProxyState>(id));

/** Domains and proxies that have executed as much hold the same state. */
export function judgeConvergence(outcome: Outcome): string | null {
  const byHeight = new Map<number, { readonly self: NodeId; readonly digest: string }>();
  const nodes = [
    ...runningDomains(outcome).map(({ replica }) => replica),
    ...runningProxies(outcome).map(({ learner }) => learner),
  ];
  for (const { execution, config } of nodes) {
    const { self } = config;
    const digest = toHex(execution.digest());
    const other = byHeight.get(execution.executed);
    if (other === undefined) byHeight.set(execution.executed, { self, digest });
    else if (other.digest !== digest)
      return `domains ${other.self} and ${self} differ after slot ${execution.executed}`;
  }
  return null;
}

/** The honest domain that has executed most. */
function leadingDomain(outcome: Outcome): DomainState | null {
  return runningDomains(outcome).reduce<DomainState | null>((best, domain) => {
    const isAhead = best === null || domain.replica.execution.executed > best.replica.execution.executed;
    return isAhead ? domain : best;
  }, null);
}

interface Created {
  readonly path: string;
  readonly operation: ClientOperation;
}

/** Acknowledged creates of single nodes below a prefix. */
function createdBelow({ history }: ClientState, prefix: string): Created[] {
  return history.flatMap((operation) => {
    const change = operation.input.kind === 'write' ? operation.input.changes[0] : undefined;
    const isOurs = change?.kind === 'create' && change.path.startsWith(prefix);
    return isOurs && operation.outcome?.output.kind === 'written' ? [{ path: change.path, operation }] : [];
  });
}

/** Ephemeral nodes live exactly as long as the session that made them. */
export function judgeEphemerals(outcome: Outcome): string | null {
  const domain = leadingDomain(outcome);
  if (domain === null) return null;
  const { tree, sessions } = domain.clients.config.service.keeper;
  for (const [session, paths] of tree.ephemerals) {
    if (sessions.table.get(session) === undefined && paths.size > 0)
      return `${[...paths][0]} outlives session ${session}`;
  }
  for (const client of outcome.trusted) {
    const current = client.config.number * 1_000_000 + client.incarnation;
    for (const { path, operation } of createdBelow(client, EPHEMERAL)) {
      const exists = tree.nodes.get(path) !== undefined;
      if (operation.session !== current && exists) return `${path} outlives the session that its client lost`;
      if (operation.session === current && client.phase === 'live' && !exists)
        return `${path} is gone, but its session is not`;
    }
  }
  return null;
}

/** Each acknowledged sequential create made one node, with a name of its own. */
export function judgeSequentials(outcome: Outcome): string | null {
  const paths = leadingDomain(outcome)?.clients.config.service.keeper.tree.directories.get('/')?.paths;
  if (paths === undefined) return null;
  const numbers = new Set<string>();
  for (const path of paths) {
    if (!path.startsWith(SEQUENTIAL)) continue;
    const number = path.slice(path.lastIndexOf('-') + 1);
    if (numbers.has(number)) return `two sequential nodes have the number ${number}`;
    numbers.add(number);
  }
  for (const client of outcome.trusted) {
    for (const { path } of createdBelow(client, SEQUENTIAL)) {
      const made = [...paths].filter((other) => other.startsWith(path)).length;
      if (made !== 1) return `${made} nodes were made by one acknowledged create of ${path}`;
    }
  }
  return null;
}

/** The parts of a multi happened together: its witness is there if it was acknowledged, and is not if it was refused. */
export function judgeMultis(outcome: Outcome): string | null {
  const nodes = leadingDomain(outcome)?.clients.config.service.keeper.tree.nodes;
  if (nodes === undefined) return null;
  for (const { input, outcome: answer } of outcome.trusted.flatMap(({ history }) => history)) {
    const witness = input.kind === 'write' ? input.changes[1] : undefined;
    if (!witness?.path.startsWith(WITNESS) || answer === null) continue;
    const exists = nodes.get(witness.path) !== undefined;
    if (answer.output.kind === 'written' && !exists)
      return `half of an acknowledged multi: ${witness.path} is missing`;
    if (answer.output.kind === 'refused' && exists)
      return `half of a refused multi: ${witness.path} is there`;
  }
  return null;
}
