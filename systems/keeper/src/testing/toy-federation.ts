/**
 * Domains with a gateway and a service each, and one honest node that puts requests in order, for simulations of the
 * keeper without replication. Links may break and nodes other than the first may crash: a node that was away replays
 * what it missed, batch by batch if it was a short time and as a jump of the state otherwise.
 */

import { modelHash, modelSignatures } from '@concordat/crypto';
import { assert, type Env, type Millis, type NodeId, type Process } from '@concordat/kernel';
import { createGateway, type Gateway } from '../gateway/gateway.ts';
import { requireInvariants } from '../gateway/invariants.ts';
import { GATEWAY_LIMITS, type GatewayLimits } from '../gateway/limits.ts';
import type { GatewayMessage } from '../gateway/message.ts';
import type { GatewayState } from '../gateway/state.ts';
import type { KeeperService } from '../service.ts';
import { sha1 } from '../tree/sha1.ts';
import { executeAlone, type HeldBody } from './loopback.ts';
import { createTestService } from './raw-client.ts';
import { createStreams, type Streams } from './streams.ts';

interface ToyBatch {
  readonly slot: number;
  readonly time: Millis;
  /** Null for a heartbeat. */
  readonly request: HeldBody | null;
}

export type ToyMessage =
  | GatewayMessage
  | { readonly type: 'submit'; readonly request: HeldBody }
  | { readonly type: 'batches'; readonly batches: readonly ToyBatch[] }
  | { readonly type: 'fetch'; readonly from: number };

export interface ToyOptions {
  readonly limits: GatewayLimits;
  /** How much the log takes in a beat, for one that is slow. */
  readonly bytesPerBeat: number;
}

const TOY_OPTIONS: ToyOptions = { limits: GATEWAY_LIMITS, bytesPerBeat: Number.POSITIVE_INFINITY };

export interface ToyState {
  readonly domain: number;
  readonly service: KeeperService;
  readonly options: ToyOptions;
  readonly streams: Streams;
  readonly gateway: Gateway;
  gatewayState: GatewayState;
  /** Batches executed. */
  slot: number;
  readonly client: number;
  nextSeq: number;
  pending: HeldBody[];
  /** The log, and what is to be ordered, at the first node only. */
  readonly log: ToyBatch[];
  backlog: HeldBody[];
  /** Bytes that it may still order, below 0 if it ordered too many. */
  credit: number;
  readonly ordered: Set<string>;
  arrived: ToyBatch[];
}

const ORDERER: NodeId = 0;
const BEAT_MS = 100;
/** Whoever lacks more batches than this takes them as one jump. */
const JUMP_BATCHES = 40;

function create(domain: number, options: ToyOptions, env: Env<ToyMessage>): ToyState {
  const streams = createStreams();
  const service = createTestService({ heartbeatMs: BEAT_MS });
  const gateway = createGateway({
    service,
    domain,
    gateway: 0,
    hash: modelHash,
    sha1,
    signatures: modelSignatures,
    limits: options.limits,
    flow: streams.flow,
    info: () => ({
      version: 'toy',
      builtOn: '01/01/2026 00:00 UTC',
      mode: 'follower',
      clientPort: 0,
      metrics: {},
    }),
    addressOf: () => '10.0.0.1',
    superDigest: null,
  });
  return {
    domain,
    service,
    options,
    streams,
    gateway,
    gatewayState: gateway.start(env),
    slot: 0,
    client: Math.floor(env.now) + 1,
    nextSeq: 1,
    pending: [],
    log: [],
    backlog: [],
    credit: options.bytesPerBeat,
    ordered: new Set(),
    arrived: [],
  };
}

export function createToyNode(
  domain: number,
  options: Partial<ToyOptions> = {},
): Process<ToyState, ToyMessage> {
  return {
    start: (env) => {
      env.setTimer('beat', BEAT_MS);
      return create(domain, { ...TOY_OPTIONS, ...options }, env);
    },
    receive: (state, env, from, message) => {
      switch (message.type) {
        case 'submit':
          return order(state, env, message.request);
        case 'batches':
          state.arrived.push(...message.batches);
          return;
        case 'fetch':
          return env.send(from, { type: 'batches', batches: state.log.slice(message.from - 1) });
        default:
          return state.streams.arrive(from, message, (arrived) =>
            state.gateway.receive(state.gatewayState, env, from, arrived),
          );
      }
    },
    linked: (state, env, peer, isUp) => {
      if (peer >= 2 ** 32) {
        if (!isUp) state.streams.forget(peer);
        state.gateway.linked(state.gatewayState, env, peer, isUp);
      } else if (isUp && peer === ORDERER) catchUp(state, env);
    },
    timeout: (state, env, timer) => {
      if (state.gateway.timeout(state.gatewayState, env, timer)) return;
      env.setTimer('beat', BEAT_MS);
      if (env.self !== ORDERER) return;
      append(state, env, null);
      state.credit = Math.min(state.credit + state.options.bytesPerBeat, state.options.bytesPerBeat);
      const { backlog } = state;
      state.backlog = [];
      for (const request of backlog) order(state, env, request);
    },
    settle: (state, env) => {
      take(state, env);
      const settleGateway = (): void =>
        state.gateway.settle(state.gatewayState, env, (body) => submit(state, env, body));
      settleGateway();
      const receive = (from: NodeId, message: GatewayMessage): void =>
        state.gateway.receive(state.gatewayState, env, from, message);
      while (state.streams.deliverNext(receive)) settleGateway();
      // The orderer's own requests are executed in the turn in which they were submitted.
      take(state, env);
    },
    invariants: (state) => requireInvariants(state.gatewayState),
  };
}

function submit(state: ToyState, env: Env<ToyMessage>, body: Uint8Array): number {
  const request: HeldBody = { domain: state.domain, client: state.client, seq: state.nextSeq++, body };
  state.pending.push(request);
  if (env.self === ORDERER) order(state, env, request);
  else env.send(ORDERER, { type: 'submit', request });
  return request.seq;
}

function order(state: ToyState, env: Env<ToyMessage>, request: HeldBody): void {
  const name = `${request.domain}/${request.client}/${request.seq}`;
  const before = `${request.domain}/${request.client}/${request.seq - 1}`;
  if (state.ordered.has(name)) return;
  if (state.credit <= 0) {
    state.backlog.push(request);
    return;
  }
  if (request.seq > 1 && !state.ordered.has(before)) return;
  state.credit -= request.body.length;
  state.ordered.add(name);
  append(state, env, request);
}

function append(state: ToyState, env: Env<ToyMessage>, request: HeldBody | null): void {
  const batch: ToyBatch = { slot: state.log.length + 1, time: env.now, request };
  state.log.push(batch);
  state.arrived.push(batch);
  for (const peer of [1, 2]) env.send(peer, { type: 'batches', batches: [batch] });
}

/** The link is back: fetches what was missed and submits again what may have been lost. */
function catchUp(state: ToyState, env: Env<ToyMessage>): void {
  env.send(ORDERER, { type: 'fetch', from: state.slot + 1 });
  for (const request of state.pending) env.send(ORDERER, { type: 'submit', request });
}

function take(state: ToyState, env: Env<ToyMessage>): void {
  const batches = state.arrived.filter(({ slot }) => slot > state.slot).sort((a, b) => a.slot - b.slot);
  state.arrived = [];
  const isJump = batches.length > JUMP_BATCHES;
  let time = 0;
  for (const batch of batches) {
    if (batch.slot !== state.slot + 1) continue;
    time = batch.time;
    execute(state, env, batch, isJump);
  }
  if (isJump) state.gateway.exposed(state.gatewayState, env, { slot: state.slot, time });
}

function execute(state: ToyState, env: Env<ToyMessage>, batch: ToyBatch, isJump: boolean): void {
  state.slot = batch.slot;
  const { request, slot, time } = batch;
  const events: Uint8Array[] = [];
  if (request === null) state.service.advance(time, (event) => events.push(event));
  const executed =
    request === null
      ? { slot, time, outcomes: [], events }
      : executeAlone(state.service, request, slot, time);
  const isOwn = (pending: HeldBody): boolean =>
    pending.client === request?.client && pending.seq === request.seq;
  if (request?.domain === state.domain) state.pending = state.pending.filter((pending) => !isOwn(pending));
  if (!isJump) state.gateway.exposed(state.gatewayState, env, executed);
}

/** Nodes that executed equally much agree; anything else is a bug of the service. */
export function requireAgreement(states: readonly ToyState[]): void {
  for (const one of states) {
    for (const other of states) {
      if (one.slot !== other.slot) continue;
      const [left, right] = [one.service.digest(), other.service.digest()];
      assert(
        left.every((byte, i) => byte === right[i]),
        'equal logs give equal states',
      );
    }
  }
}
