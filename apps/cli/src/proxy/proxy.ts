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
import { type Env, FIRST_CONNECTION, type Process, type Recovered } from '@concordat/kernel';
import {
  createLearner,
  type LearnerConfig,
  type LearnerState,
  learnedLog,
  type Message,
} from '@concordat/replication';
import { type DomainMessage, type GatewayOptions, isGatewayMessage } from '../domain/domain.ts';

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

export function createProxy(options: ProxyOptions): Process<ProxyState, DomainMessage> {
  return {
    start: (env, recovered) => start(options, env, recovered),
    receive: (s, env, from, message) => {
      if (isGatewayMessage(message)) s.gateway.receive(s.clients, env, from, message);
      else s.process.receive(s.learner, env, from, message);
    },
    linked: (s, env, peer, isUp) => {
      if (peer < FIRST_CONNECTION) s.process.linked?.(s.learner, env, peer, isUp);
      else s.gateway.linked(s.clients, env, peer, isUp);
    },
    timeout: (s, env, timer) => {
      if (!s.gateway.timeout(s.clients, env, timer)) s.process.timeout(s.learner, env, timer);
    },
    completed: (s, env, ticket, holds) => s.process.completed?.(s.learner, env, ticket, holds),
    settle,
    invariants: (s) => s.process.invariants?.(s.learner),
  };
}

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
