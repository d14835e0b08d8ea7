/**
 * One organisation's part of a federation as a single process: a replica that orders and executes, and the keeper
 * gateway that serves its clients from what the replica has exposed. This is where keeper and replication meet; they
 * do not know each other.
 */

import type { Hash, Keys, Signatures } from '@concordat/crypto';
import {
  createGateway,
  createKeeperService,
  createRecorder,
  type Gateway,
  type GatewayConfig,
  type GatewayMessage,
  type GatewayState,
  type KeeperConfig,
  type KeeperGenesis,
  type KeeperService,
  type Point,
  type Recorder,
} from '@concordat/keeper';
import {
  type Env,
  FIRST_CONNECTION,
  type MessageCodec,
  type NodeId,
  type Process,
  type Recovered,
  type Steps,
  startInSteps,
  stepsOf,
} from '@concordat/kernel';
import {
  createReplica,
  decodeMessage,
  encodeMessage,
  type Governed,
  type Message,
  orderedLog,
  type ReplicaConfig,
  type ReplicaState,
} from '@concordat/replication';

export type DomainMessage = Message | GatewayMessage;

/** What a composition around a state `S` leaves to its host. */
export type GatewayOptions<S> = Omit<
  GatewayConfig,
  'service' | 'domain' | 'gateway' | 'hash' | 'sha1' | 'signatures' | 'info'
> & {
  /** What four-letter words tell of the server. */
  info(state: S): ReturnType<GatewayConfig['info']>;
};

export interface DomainOptions {
  readonly replica: ReplicaConfig;
  readonly keys: Keys;
  /** Nobody can change the federation unless told. */
  readonly governed?: Governed;
  readonly signatures: Signatures;
  readonly sha1: Hash;
  readonly keeper: KeeperConfig;
  /** What all members begin with; nothing unless told. */
  readonly genesis?: KeeperGenesis;
  /** What is kept already of what transactions did: it is gone on with. Otherwise nothing is remembered until somebody asks. */
  readonly kept?: Point;
  readonly gateway: GatewayOptions<ReplicaState>;
}

export interface DomainState {
  readonly process: Process<ReplicaState, Message>;
  readonly replica: ReplicaState;
  readonly service: KeeperService;
  readonly recorder: Recorder;
  readonly gateway: Gateway;
  readonly clients: GatewayState;
}

/** Members, also former and coming ones, and associates speak the replication protocol; connections are the gateway's. */
const isNode = (id: NodeId): boolean => id < FIRST_CONNECTION;

const isGatewayMessage = (m: DomainMessage): m is GatewayMessage =>
  m.type === 'client-frame' || m.type === 'client-word' || m.type === 'client-raw';

/** A replica or learner, whose own state is in `S`, and the gateway beside it. */
interface Beside<I> {
  readonly process: Process<I, Message>;
  readonly gateway: Gateway;
  readonly clients: GatewayState;
}

/** What arrives goes to whom it concerns, the gateway or `inner`, the state of what it stands beside. */
export const dispatching = <I, S extends Beside<I>>(
  inner: (state: S) => I,
): Omit<Process<S, DomainMessage>, 'start' | 'settle'> => ({
  receive: (s, env, from, message) => {
    if (isGatewayMessage(message)) s.gateway.receive(s.clients, env, from, message);
    else s.process.receive(inner(s), env, from, message);
  },
  linked: (s, env, peer, isUp) => {
    if (isNode(peer)) s.process.linked?.(inner(s), env, peer, isUp);
    else s.gateway.linked(s.clients, env, peer, isUp);
  },
  timeout: (s, env, timer) => {
    if (!s.gateway.timeout(s.clients, env, timer)) s.process.timeout(inner(s), env, timer);
  },
  completed: (s, env, ticket, holds) => s.process.completed?.(inner(s), env, ticket, holds),
  invariants: (s) => s.process.invariants?.(inner(s)),
});

export const createDomain = (options: DomainOptions): Process<DomainState, DomainMessage> => ({
  ...dispatching<ReplicaState, DomainState>(({ replica }) => replica),
  start: startInSteps((env, recovered) => start(options, env, recovered)),
  settle,
});

function* start(options: DomainOptions, env: Env<DomainMessage>, recovered: Recovered): Steps<DomainState> {
  const { keys, signatures, sha1 } = options;
  const { hash } = keys;
  const keeper = createKeeperService({
    hash,
    signatures,
    config: options.keeper,
    ...(options.genesis && { genesis: options.genesis }),
  });
  const recorder = createRecorder(keeper, options.kept ?? null);
  const { service } = recorder;
  const process = createReplica({
    config: options.replica,
    keys,
    createService: () => service,
    ...(options.governed && { governed: options.governed }),
  });
  const replica = yield* stepsOf(process, env, recovered);
  const gateway = createGateway({
    service,
    domain: options.replica.self,
    gateway: 0,
    hash,
    sha1,
    signatures,
    ...options.gateway,
    info: () => options.gateway.info(replica),
  });
  return { process, replica, service, recorder, gateway, clients: gateway.start(env) };
}

/** Executes, shows the gateway what became exposed, and lets what its clients ask for into the same turn's batch. */
function settle(s: DomainState, env: Env<DomainMessage>): void {
  for (let hasSubmitted = true; hasSubmitted; ) {
    hasSubmitted = false;
    s.process.settle(s.replica, env);
    for (const item of orderedLog.takeExposed(s.replica)) s.gateway.exposed(s.clients, env, item);
    s.gateway.settle(s.clients, env, (body) => {
      const seq = orderedLog.submit(s.replica, env, body);
      hasSubmitted ||= seq !== null;
      return seq;
    });
  }
}

/** Between members. Frames of clients have their own port and framing and never pass here. */
export const domainCodec: MessageCodec<DomainMessage> = {
  encode: (message) => encodeMessage(message as Message),
  decode: decodeMessage,
};
