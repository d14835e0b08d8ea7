/**
 * One executor of a replicated service in this process (../../executor): it follows the log of the members, holds the state
 * that they do not, answers outside clients and serves its own process, as a member does where members execute.
 */

import type { NodeId } from '@concordat/kernel';
import { createHost, createKeys, createLogger, type Host, type Identity } from '@concordat/runtime';
import { primaryOf, replicaConfig } from '../../config.ts';
import { learnerConfig } from '../../executor/config.ts';
import { configurationIn, configurationsNear } from '../../executor/epochs.ts';
import { createExecutor, type ExecutorState, executedLog } from '../../executor/executor.ts';
import { askOwn, takeAnswers } from '../../executor/replies.ts';
import { exposedEnd, heard, type LearnerState } from '../../executor/state.ts';
import type { Configuration } from '../../governance/configuration.ts';
import { firstViewOf } from '../../governance/views.ts';
import type { Message } from '../../replica/messages.ts';
import { createMemoryKeyring } from '../governance/keyring.ts';
import type { TypedService } from '../service/definition.ts';
import { watchDurability } from './durability.ts';
import { executorFraming } from './executor-port.ts';
import { routeFor } from './filter-node.ts';
import { createGoverning, nameOf, type Outlook } from './governing.ts';
import {
  eventTeller,
  listenersFor,
  type MemberOptions,
  memberCodec,
  peersOf,
  placeOf,
  throwTeller,
} from './member.ts';
import { handleOn, type Member, type MemberStatus, unchanging } from './member-handle.ts';
import {
  clusterOf,
  compositionOf,
  domainOf,
  genesisOf,
  type MemberCard,
  type Membership,
  misplaced,
  publicKeysOf,
} from './membership.ts';
import { type OwnLog, withOwnCalls } from './own-calls.ts';
import { createOwnClient, endOf } from './own-client.ts';
import { firstClientOf, isExecutor, nodesIn } from './stages.ts';

/** Executors sign what they submit as domains of their own. */
const executorLog: OwnLog<ExecutorState> = {
  ...executedLog,
  ask: (e, _env, query) => askOwn(e, query),
  takeAnswers,
  submitterOf: ({ learner }) => ({ domain: learner.config.self, client: learner.submission.client }),
};

/**
 * Binds the ports and starts; its card is among the membership's executors. Rejects with a `RuntimeError`:
 * `bad-configuration`, `port-failed`.
 */
export async function startExecutor<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  options: MemberOptions<E>,
): Promise<Member<I, O, QI, QO>> {
  const { membership, identity } = options;
  const { self, card } = await placeOf(options, (known) => placeIn(known, identity));
  const logger = (options.logger ?? createLogger()).with({ executor: card.name });
  const identities = { seed: identity.seed, publicKeys: publicKeysOf(membership) };
  const keys = createKeys({ self, ...identities });
  const { preset, faults } = compositionOf(membership);
  const order = replicaConfig({
    self: 0,
    cluster: clusterOf(membership),
    faults,
    ...preset.settings,
    ...options.settings,
  });
  const { keyring = createMemoryKeyring(identity), later, onEpoch } = options;
  const genesis = genesisOf(membership, order);
  const followed = { membership, self, genesis, keyring, later, onEpoch, logger };
  const governing = createGoverning(followed, executorOutlook);
  const { governed } = governing;
  const executor = createExecutor({
    config: learnerConfig(order, { self, domain: self, ...(governed && { governed }) }),
    keys,
    createService: (version) =>
      service.create({ hash: keys.hash, onThrow: throwTeller(logger), ...(version && { version }) }),
    ...routeFor(order, { self, identities, hash: keys.hash }),
  });
  const { journal, onceDurable } = watchDurability(options.journal);
  const onBatch = eventTeller(service, options, logger);
  const { process, ...own } = withOwnCalls(executor, executorLog, { onceDurable, onBatch });
  const first = firstClientOf(membership);
  const end = first + (membership.clients ?? []).length;
  const host = await createHost({
    self,
    process,
    codec: memberCodec,
    keys,
    journal,
    members: { self, listen: card, tls: identity.tls, peers: peersOf(membership, self) },
    listeners: listenersFor(card, identity, executorFraming(self, first, end)),
    logger,
    onNote: governing.onNote,
    ...(options.metrics && { metrics: options.metrics }),
  });
  governing.follow(host);
  const governance = unchanging(
    () => configurationAt(host.state),
    genesis === null ? undefined : EXECUTES_ONLY,
  );
  return {
    ...createOwnClient(service, host, own, { closed: endOf(host) }),
    ...handleOn(host, () => statusOf(host, membership), governance),
  };
}

/** Which executor an identity is, and where it listens. */
function placeIn(membership: Membership, { publicKey }: Identity): { self: NodeId; card: MemberCard } {
  const self = domainOf(membership, publicKey);
  const card = isExecutor(membership, publicKey) ? nodesIn(membership).get(self) : undefined;
  if (card === undefined) throw misplaced(membership, self, 'executor');
  return { self, card };
}

const EXECUTES_ONLY = {
  code: 'executes-only',
  why: 'an executor follows changes of the members and takes part in none: ask a member',
};

/** Whom it follows. */
const configurationAt = ({ learner }: ExecutorState): Configuration =>
  configurationIn(learner, learner.config.epoch) ?? learner.config.governance.genesis;

const executorOutlook: Outlook<ExecutorState> = {
  near: ({ learner }) => configurationsNear(learner),
  federation: (e, membership) => {
    const configuration = configurationAt(e);
    return {
      epoch: configuration.epoch,
      members: configuration.members.map(({ id }) => nameOf(configuration, membership, id)),
      isMember: false,
      hasLeft: false,
    };
  },
};

function statusOf(host: Host<ExecutorState, Message>, membership: Membership): MemberStatus {
  const { learner } = host.state;
  const { config, execution, certified } = learner;
  const view = viewOf(learner);
  const configuration = configurationAt(host.state);
  const called = (id: number): string => nameOf(configuration, membership, id);
  return {
    ...executorOutlook.federation(host.state, membership),
    name: called(config.self),
    view,
    primary: called(primaryOf(config.members, view)),
    executed: exposedEnd(learner),
    stable: certified.slot,
    behindMs: Math.max(0, Date.now() - execution.core.time.get()),
    mayVote: true,
    linked: host.linked.map(called),
  };
}

/** The latest view in which a member is that does not lie. */
function viewOf(l: LearnerState): number {
  const views = heard(l)
    .map(({ view }) => view)
    .sort((a, b) => b - a);
  return views[l.config.quorums.vouching - 1] ?? firstViewOf(l.config.epoch);
}
