/**
 * One gateway on one service without replication: what is submitted executes and is exposed at once, or when a test
 * says so. For tests of the gateway with raw frames, and for the development server.
 */

import {
  createPrng,
  type Env,
  type ExposedBatch,
  type Millis,
  type NodeId,
  type Note,
  type Outcome,
} from '@concordat/kernel';
import { createGateway, type Gateway } from '../gateway/gateway.ts';
import { requireInvariants } from '../gateway/invariants.ts';
import type { GatewayMessage } from '../gateway/message.ts';
import type { GatewayConfig, GatewayState } from '../gateway/state.ts';
import type { KeeperService } from '../service.ts';
import { createStreams, type Streams } from './streams.ts';

export interface Loopback {
  readonly gateway: Gateway;
  readonly state: GatewayState;
  readonly service: KeeperService;
  readonly notes: Note[];
  readonly streams: Streams;
  now: Millis;
  /** While true, submitted bodies wait in `held`. */
  isHeld: boolean;
  /** While false, no body can be submitted. */
  accepts: boolean;
  /** While bodies are held, the log goes on with those of others. */
  othersGoOn: boolean;
  readonly held: HeldBody[];
  connect(id: NodeId): void;
  disconnect(id: NodeId): void;
  /** Hands one message to the gateway and ends the turn. */
  deliver(id: NodeId, message: GatewayMessage): void;
  /** Several messages in one turn. */
  deliverAll(messages: readonly (readonly [NodeId, GatewayMessage])[]): void;
  /** Executes and exposes what is held. */
  expose(): void;
  /** Executes what is held, but the gateway only learns that the state jumped. */
  jump(): void;
  /** The server is about to stop. */
  leave(): void;
  /** Lets time pass: an ordered empty batch, then the timers that are due. */
  pass(millis: Millis): void;
  /** Time passes for the gateway only, as if it were cut off. */
  passAlone(millis: Millis): void;
  /** Time passes, and nothing happens in it. */
  standStill(millis: Millis): void;
}

export interface HeldBody {
  readonly domain: number;
  readonly client: number;
  readonly seq: number;
  readonly body: Uint8Array;
}

export interface LoopbackOutput {
  send(to: NodeId, message: GatewayMessage): void;
  close(to: NodeId): void;
  secret(sizeBytes: number): Uint8Array;
}

/** Turns between checks of the invariants, which look at everything. */
const INVARIANTS_EVERY = 16;

/** Executes one body in a batch of its own and returns what learners see of it. */
export function executeAlone(
  service: KeeperService,
  held: HeldBody,
  slot: number,
  time: Millis,
): ExposedBatch {
  const events: Uint8Array[] = [];
  const emit = (event: Uint8Array): void => {
    events.push(event);
  };
  service.advance(time, emit);
  const { domain, client, seq } = held;
  const context = { domain, client, seq, time, random: createPrng(slot), emit };
  const outcome: Outcome = { domain, client, seq, reply: service.execute(held.body, context) };
  return { slot, time, outcomes: [outcome], events };
}

export function createLoopback(config: GatewayConfig, output: LoopbackOutput, start: Millis): Loopback {
  const streams = createStreams();
  const gateway = createGateway({ ...config, flow: streams.flow });
  const timers = new Map<string, Millis>();
  let slot = 0;
  let seq = 0;
  let turns = 0;
  const notes: Note[] = [];
  const env: Env<GatewayMessage> = {
    self: 0,
    get now() {
      return loopback.now;
    },
    random: createPrng(1),
    secret: output.secret,
    send: (to, message) => depart(to, message),
    sendEarly: (to, message) => depart(to, message),
    close: (to) => {
      streams.forget(to);
      output.close(to);
    },
    mute: () => {},
    append: () => 0,
    release: () => {},
    setTimer: (name, after) => {
      timers.set(name, loopback.now + after);
    },
    cancelTimer: (name) => {
      timers.delete(name);
    },
    offload: () => {},
    note: (note) => {
      notes.push(note);
    },
  };
  /** What left in this turn, which sockets take only afterwards. */
  const departed: (readonly [NodeId, number])[] = [];
  const depart = (to: NodeId, message: GatewayMessage): void => {
    if (message.type === 'client-frame') departed.push([to, 4 + message.bytes.length]);
    output.send(to, message);
  };
  const receive = (id: NodeId, message: GatewayMessage): void => gateway.receive(state, env, id, message);
  const expose = (): void => {
    for (let held = loopback.held.shift(); held !== undefined; held = loopback.held.shift()) {
      slot++;
      gateway.exposed(loopback.state, env, executeAlone(config.service, held, slot, loopback.now));
    }
  };
  const submit = (body: Uint8Array): number | null => {
    if (!loopback.accepts) return null;
    seq++;
    loopback.held.push({ domain: config.domain, client: 1, seq, body });
    return seq;
  };
  /** Ends the turn, and every further one that exposure, or reading on, brings about. */
  const settle = (): void => {
    do {
      if (!loopback.isHeld) expose();
      gateway.settle(loopback.state, env, submit);
      for (const [to, sizeBytes] of departed.splice(0)) streams.sent(to, sizeBytes);
      turns++;
      if (turns % INVARIANTS_EVERY === 0) requireInvariants(state);
    } while (streams.deliverNext(receive) || (!loopback.isHeld && loopback.held.length > 0));
  };
  const fire = (): void => {
    for (const [name, due] of [...timers]) {
      if (due > loopback.now) continue;
      timers.delete(name);
      gateway.timeout(loopback.state, env, name);
    }
    settle();
  };
  /** As if there had been a turn at every moment. */
  const stayAwake = (millis: Millis): void => {
    loopback.now += millis;
    state.awakeAt = loopback.now;
  };
  const beat = (): void => {
    const events: Uint8Array[] = [];
    config.service.advance(loopback.now, (event) => events.push(event));
    slot++;
    gateway.exposed(loopback.state, env, { slot, time: loopback.now, outcomes: [], events });
  };
  const loopback: Loopback = {
    gateway,
    service: config.service,
    notes,
    streams,
    now: start,
    isHeld: false,
    accepts: true,
    othersGoOn: false,
    held: [],
    get state() {
      return state;
    },
    connect: (id) => {
      gateway.linked(state, env, id, true);
      settle();
    },
    disconnect: (id) => {
      gateway.linked(state, env, id, false);
      streams.forget(id);
      settle();
    },
    deliver: (id, message) => {
      streams.arrive(id, message, (arrived) => receive(id, arrived));
      settle();
    },
    deliverAll: (messages) => {
      for (const [id, message] of messages) streams.arrive(id, message, (arrived) => receive(id, arrived));
      settle();
    },
    expose: () => {
      expose();
      settle();
    },
    jump: () => {
      for (const held of loopback.held.splice(0)) executeAlone(config.service, held, ++slot, loopback.now);
      gateway.exposed(state, env, { slot, time: loopback.now });
      settle();
    },
    leave: () => {
      gateway.leave(state, env);
      settle();
    },
    pass: (millis) => {
      stayAwake(millis);
      if (!loopback.isHeld || loopback.othersGoOn) beat();
      fire();
    },
    passAlone: (millis) => {
      stayAwake(millis);
      fire();
    },
    standStill: (millis) => {
      loopback.now += millis;
    },
  };
  const state = gateway.start(env);
  settle();
  return loopback;
}
