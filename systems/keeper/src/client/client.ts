/**
 * A small ZooKeeper client as a process, for the simulator: it keeps a session through whatever happens to gateways
 * and links, pipelines operations, watches what it reads, and records everything it saw. It trusts its gateway as real
 * clients do, but remembers enough to catch one that shows a change before the watch event for it.
 */

import type { Env, Millis, NodeId, Process } from '@concordat/kernel';
import type { GatewayMessage } from '../gateway/message.ts';
import { clientFrame } from '../gateway/message.ts';
import { ErrorCode, PASSWORD_BYTES, Xid } from '../jute/protocol.ts';
import { createJuteReader, type Long } from '../jute/reader.ts';
import { operationFrame, readOutcome } from './exchange.ts';
import type { ClientInput, ClientOperation, ClientOutput } from './history.ts';
import { connectFrame, pingFrame } from './requests.ts';
import { type ReplyHeader, readConnectAnswer, readReplyHeader, readWatchEvent } from './responses.ts';

export interface ClientConfig {
  /** Nodes that host gateways, in the order in which they are tried. */
  readonly gateways: readonly NodeId[];
  readonly timeoutMs: Millis;
  /** Tells this client's sessions from those of others. */
  readonly number: number;
  /** Decides what to invoke next; called whenever fewer than `pipeline` operations are outstanding. */
  readonly next: (state: ClientState, env: Env<GatewayMessage>) => ClientInput | null;
  readonly pipeline: number;
  /** Time between rounds of invocations. */
  readonly paceMs: Millis;
  /** Moves to another gateway this often, for no reason; 0 for never. */
  readonly moveEveryMs: Millis;
}

interface Outstanding {
  readonly xid: number;
  readonly operation: ClientOperation;
}

export interface ClientState {
  readonly config: ClientConfig;
  /** Index of the gateway in use. */
  at: number;
  phase: 'connecting' | 'live';
  /** Whether the link is known to be up. */
  isLinked: boolean;
  session: Long;
  password: Uint8Array;
  timeoutMs: Millis;
  lastZxid: number;
  /** How many sessions there were before this one. */
  incarnation: number;
  nextXid: number;
  outstanding: Outstanding[];
  heardAt: Millis;
  movedAt: Millis;
  readonly history: ClientOperation[];
  /** Paths with a watch, and the mzxid at which it was set. */
  readonly watched: Map<string, number>;
  events: number;
  /** Sentences about what no correct gateway does. */
  readonly violations: string[];
}

const TICK = 'client/tick';
const NO_SESSION: Long = { high: 0, low: 0 };
const reader = createJuteReader();

export function createKeeperClient(config: ClientConfig): Process<ClientState, GatewayMessage> {
  return {
    start: (env) => {
      const state = initial(config, env.now);
      env.setTimer(TICK, config.paceMs);
      connect(state, env);
      return state;
    },
    receive: (state, env, from, message) => {
      if (from !== gatewayOf(state) || message.type !== 'client-frame') return;
      state.heardAt = env.now;
      reader.reset(message.bytes);
      if (state.phase === 'connecting') onConnectAnswer(state, env);
      else onReply(state, env);
    },
    linked: (state, env, peer, isUp) => {
      if (peer !== gatewayOf(state)) return;
      if (isUp) state.isLinked = true;
      else if (state.isLinked) changeGateway(state, env);
    },
    timeout: (state, env) => {
      env.setTimer(TICK, config.paceMs);
      onTick(state, env);
    },
    settle: () => {},
  };
}

function initial(config: ClientConfig, now: Millis): ClientState {
  return {
    config,
    at: config.number % config.gateways.length,
    phase: 'connecting',
    isLinked: false,
    session: NO_SESSION,
    password: new Uint8Array(PASSWORD_BYTES),
    timeoutMs: config.timeoutMs,
    lastZxid: 0,
    incarnation: 0,
    nextXid: 1,
    outstanding: [],
    heardAt: now,
    movedAt: now,
    history: [],
    watched: new Map(),
    events: 0,
    violations: [],
  };
}

const gatewayOf = (state: ClientState): NodeId => state.config.gateways[state.at]!;

function connect(state: ClientState, env: Env<GatewayMessage>): void {
  state.phase = 'connecting';
  state.heardAt = env.now;
  const { lastZxid, session, password } = state;
  const bytes = connectFrame({
    lastZxidSeen: lastZxid,
    timeoutMs: state.config.timeoutMs,
    session,
    password,
  });
  env.sendEarly(gatewayOf(state), clientFrame(bytes));
}

/** Leaves the present gateway, if still linked, and tries the next. What was outstanding may or may not have happened. */
function changeGateway(state: ClientState, env: Env<GatewayMessage>): void {
  if (state.isLinked) env.close(gatewayOf(state));
  state.isLinked = false;
  state.outstanding = [];
  // Real clients set their watches again; this one forgets them and watches what it reads next.
  state.watched.clear();
  state.at = (state.at + 1) % state.config.gateways.length;
  state.movedAt = env.now;
  connect(state, env);
}

function onConnectAnswer(state: ClientState, env: Env<GatewayMessage>): void {
  const answer = readConnectAnswer(reader);
  if (answer === null) return changeGateway(state, env);
  if (answer.timeoutMs === 0) {
    env.note({ kind: 'client-expired', number: state.config.number });
    state.session = NO_SESSION;
    state.password = new Uint8Array(PASSWORD_BYTES);
    state.incarnation++;
    return changeGateway(state, env);
  }
  state.phase = 'live';
  state.session = answer.session;
  state.password = answer.password;
  state.timeoutMs = answer.timeoutMs;
  state.movedAt = env.now;
  env.note({ kind: 'client-attached', number: state.config.number, gateway: gatewayOf(state) });
  invokeMore(state, env);
}

function onTick(state: ClientState, env: Env<GatewayMessage>): void {
  const { moveEveryMs } = state.config;
  const isSilent = env.now - state.heardAt > (state.timeoutMs * 2) / 3;
  const isRestless = moveEveryMs > 0 && state.phase === 'live' && env.now - state.movedAt > moveEveryMs;
  if (isSilent || isRestless) return changeGateway(state, env);
  if (state.phase !== 'live') return;
  env.sendEarly(gatewayOf(state), clientFrame(pingFrame()));
  invokeMore(state, env);
}

function invokeMore(state: ClientState, env: Env<GatewayMessage>): void {
  while (state.outstanding.length < state.config.pipeline) {
    const input = state.config.next(state, env);
    if (input === null) return;
    invoke(state, env, input);
  }
}

/** Submits an operation now; it stands in the history from here on. */
export function invoke(state: ClientState, env: Env<GatewayMessage>, input: ClientInput): void {
  const xid = state.nextXid++;
  const session = state.config.number * 1_000_000 + state.incarnation;
  const operation: ClientOperation = { session, invokedAt: env.now, input, outcome: null };
  state.history.push(operation);
  state.outstanding.push({ xid, operation });
  env.sendEarly(gatewayOf(state), clientFrame(operationFrame(xid, input, true)));
}

function onReply(state: ClientState, env: Env<GatewayMessage>): void {
  const header = readReplyHeader(reader);
  if (header.xid === Xid.notification) return onEvent(state, env);
  state.lastZxid = Math.max(state.lastZxid, header.zxid);
  if (header.xid === Xid.ping) return;
  const first = state.outstanding.shift();
  if (first?.xid !== header.xid) {
    state.violations.push(`a reply to ${header.xid} came where one to ${first?.xid ?? 'nothing'} was due`);
    return changeGateway(state, env);
  }
  if (header.err === ErrorCode.sessionExpired) return changeGateway(state, env);
  conclude(state, env, first.operation, header);
}

function conclude(
  state: ClientState,
  env: Env<GatewayMessage>,
  operation: ClientOperation,
  header: ReplyHeader,
): void {
  const output = readOutcome(reader, header, operation.input);
  if (output === null) {
    state.violations.push(`a malformed reply to ${header.xid}`);
    return changeGateway(state, env);
  }
  operation.outcome = { at: env.now, output };
  if (operation.input.kind === 'read') checkWatch(state, operation.input.path, output);
}

/** A watched node must not be seen changed before the event for it came. */
function checkWatch(state: ClientState, path: string, output: ClientOutput): void {
  if (output.kind !== 'seen') return;
  const mzxid = output.node?.stat.mzxid ?? 0;
  const watchedAt = state.watched.get(path);
  if (watchedAt !== undefined && watchedAt !== mzxid)
    state.violations.push(`${path} changed from zxid ${watchedAt} to ${mzxid} without a watch event before`);
  if (output.node !== null) state.watched.set(path, mzxid);
}

function onEvent(state: ClientState, env: Env<GatewayMessage>): void {
  const event = readWatchEvent(reader);
  if (event === null || !state.watched.delete(event.path)) {
    state.violations.push('a watch event that nobody asked for');
    return changeGateway(state, env);
  }
  state.events++;
}
