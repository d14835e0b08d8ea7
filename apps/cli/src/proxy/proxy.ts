/**
 * A proxy as a single process: a learner of the federation's log, and the keeper's gateway on what it has executed itself. It
 * takes no organisation's word: a point of the log counts when r + 1 say on links of their own that it is committed, or when
 * what n - u or all have voted for makes it final (DESIGN section 9, rule 1), and the batches that lead there by their digests.
 * What its clients write it signs with a key of its own, in a domain of its own.
 */

import type { Hash, Keys, Signatures } from '@concordat/crypto';
import {
  createGateway,
  createKeeperService,
  type Gateway,
  type GatewayState,
  type KeeperConfig,
  type KeeperGenesis,
  type KeeperService,
} from '@concordat/keeper';
import type { Env, Process, Recovered } from '@concordat/kernel';
import {
  createLearner,
  type LearnerConfig,
  type LearnerState,
  learnedLog,
  type Message,
} from '@concordat/replication';
import { type DomainMessage, dispatching, type GatewayOptions } from '../domain/domain.ts';

export interface ProxyOptions {
  /** With its own domain. */
  readonly learner: LearnerConfig;
  readonly keys: Keys;
  readonly signatures: Signatures;
  readonly sha1: Hash;
  readonly keeper: KeeperConfig;
  /** What the federation began with; nothing unless told. */
  readonly genesis?: KeeperGenesis;
  readonly gateway: GatewayOptions<LearnerState>;
}

export interface ProxyState {
  readonly process: Process<LearnerState, Message>;
  readonly learner: LearnerState;
  readonly service: KeeperService;
  readonly gateway: Gateway;
  readonly clients: GatewayState;
}

export const createProxy = (options: ProxyOptions): Process<ProxyState, DomainMessage> => ({
  ...dispatching<LearnerState, ProxyState>(({ learner }) => learner),
  start: (env, recovered) => start(options, env, recovered),
  settle,
});

function start(options: ProxyOptions, env: Env<DomainMessage>, recovered: Recovered): ProxyState {
  const { keys, signatures, sha1 } = options;
  const { hash } = keys;
  const service = createKeeperService({
    hash,
    signatures,
    config: options.keeper,
    ...(options.genesis && { genesis: options.genesis }),
  });
  const process = createLearner({ config: options.learner, keys, createService: () => service });
  const learner = process.start(env, recovered);
  const gateway = createGateway({
    service,
    domain: options.learner.self,
    gateway: 0,
    hash,
    sha1,
    signatures,
    ...options.gateway,
    info: () => options.gateway.info(learner),
  });
  return { process, learner, service, gateway, clients: gateway.start(env) };
}

/** Executes what is proven, shows it to the gateway, and sends what its clients ask for to the members. */
function settle(s: ProxyState, env: Env<DomainMessage>): void {
  s.process.settle(s.learner, env);
  for (const item of learnedLog.takeExposed(s.learner)) s.gateway.exposed(s.clients, env, item);
  s.gateway.settle(s.clients, env, (body) => learnedLog.submit(s.learner, env, body));
}
