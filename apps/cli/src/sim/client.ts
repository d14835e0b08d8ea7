/**
 * The load of the keeper's swarm: the simulated ZooKeeper client with a random workload until the horizon, and then a
 * finale in which it must get a sync and one read of every path answered. So liveness is judged for every client, and
 * a write that was acknowledged and lost shows.
 */

import {
  type ClientConfig,
  type ClientInput,
  type ClientState,
  createKeeperClient,
  type GatewayMessage,
  OpCode,
} from '@concordat/keeper';
import type { Env, Millis, NodeId, Prng, Process } from '@concordat/kernel';
import { twistEnv } from '@concordat/sim';
import type { LoadSetting } from './configuration.ts';

/** Nodes with these names are made ephemeral, or sequential. Nobody reads them while they may come and go. */
export const EPHEMERAL = '/e.';
export const SEQUENTIAL = '/s.';
/** Made by the second part of a multi and never deleted. */
export const WITNESS = '/w.';

const EPHEMERAL_FLAG = 1;
const SEQUENTIAL_FLAG = 2;

export interface LoadOptions {
  readonly number: number;
  /** Endpoints it connects to, in order. */
  readonly gateways: readonly NodeId[];
  readonly load: LoadSetting;
  readonly horizonMs: Millis;
  /** Only reads, and stays where it is. */
  readonly isReader: boolean;
}

type ClientProcess = Process<ClientState, GatewayMessage>;

export function createLoadClient(options: LoadOptions): ClientProcess {
  const { number, gateways, load, isReader } = options;
  const config: ClientConfig = {
    number,
    gateways,
    timeoutMs: load.sessionMs,
    pipeline: load.pipeline,
    paceMs: load.paceMs,
    moveEveryMs: isReader ? 0 : load.moveEveryMs,
    next: (state, env) => nextInput(options, state, env),
  };
  return withFlags(createKeeperClient(config));
}

function nextInput(
  { load, horizonMs, isReader }: LoadOptions,
  state: ClientState,
  env: Env<GatewayMessage>,
): ClientInput | null {
  if (env.now >= horizonMs) return nextOfFinale(state, load, horizonMs);
  const count = state.history.length;
  if (isReader) return env.random.chance(0.3) ? { kind: 'read', path: env.random.pick(load.paths) } : null;
  if (count >= load.operations) return null;
  // A burst is cut off by the tick now and then, so that load is spread over the run.
  if (env.random.chance(0.3)) return null;
  return drawInput(env.random, load.paths, `${state.config.number}.${count}`);
}

function drawInput(random: Prng, paths: readonly string[], value: string): ClientInput {
  const way = random.below(24);
  if (way < 8) return { kind: 'read', path: random.pick(paths) };
  if (way === 8) return { kind: 'sync' };
  if (way === 9) return create(`${EPHEMERAL}${value}`, value);
  if (way === 10) return create(`${SEQUENTIAL}${value}-`, value);
  const first = drawChange(random, random.pick(paths), value);
  if (way < 21) return { kind: 'write', changes: [first] };
  // A node of its own tells whether all of it happened.
  return { kind: 'write', changes: [first, { kind: 'create', path: `${WITNESS}${value}`, value }] };
}

const create = (path: string, value: string): ClientInput => ({
  kind: 'write',
  changes: [{ kind: 'create', path, value }],
});

function drawChange(random: Prng, path: string, value: string) {
  const way = random.below(6);
  const expected = random.chance(0.3) ? random.below(4) : null;
  if (way < 2) return { kind: 'create', path, value } as const;
  return way === 5
    ? ({ kind: 'delete', path, expected } as const)
    : ({ kind: 'set', path, value, expected } as const);
}

const nameOf = (input: ClientInput): string => (input.kind === 'read' ? input.path : input.kind);

/** Answered operations of the finale, by name. */
function answeredInFinale(state: ClientState, horizonMs: Millis): Set<string> {
  const answered = new Set<string>();
  for (const { input, invokedAt, outcome } of state.history)
    if (invokedAt >= horizonMs && outcome !== null) answered.add(nameOf(input));
  return answered;
}

const finaleOf = (load: LoadSetting): ClientInput[] => [
  { kind: 'sync' },
  ...load.paths.map((path): ClientInput => ({ kind: 'read', path })),
];

function nextOfFinale(state: ClientState, load: LoadSetting, horizonMs: Millis): ClientInput | null {
  const done = answeredInFinale(state, horizonMs);
  for (const { operation } of state.outstanding)
    if (operation.invokedAt >= horizonMs) done.add(nameOf(operation.input));
  return finaleOf(load).find((input) => !done.has(nameOf(input))) ?? null;
}

/** True once the finale is answered. */
export const isDone = (state: ClientState, load: LoadSetting, horizonMs: Millis): boolean =>
  answeredInFinale(state, horizonMs).size === finaleOf(load).length;

/** Offsets in the frame of a single create: xid, op, length of the path, the path. */
const OP_AT = 4;
const PATH_AT = 12;

const flagOf = (bytes: Uint8Array): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < PATH_AT + EPHEMERAL.length || view.getInt32(OP_AT) !== OpCode.create2) return 0;
  const name = String.fromCharCode(...bytes.subarray(PATH_AT, PATH_AT + EPHEMERAL.length));
  return name === EPHEMERAL ? EPHEMERAL_FLAG : name === SEQUENTIAL ? SEQUENTIAL_FLAG : 0;
};

/** The client with the create flag, which ends the frame, set as the path says. */
function withFlags(client: ClientProcess): ClientProcess {
  const flagged = (env: Env<GatewayMessage>): Env<GatewayMessage> =>
    twistEnv(env, {
      sendEarly: (to, message) => {
        if (message.type === 'client-frame')
          message.bytes[message.bytes.length - 1] ||= flagOf(message.bytes);
        env.sendEarly(to, message);
      },
    });
  return {
    ...client,
    start: (env, recovered) => client.start(flagged(env), recovered),
    receive: (state, env, from, message) => client.receive(state, flagged(env), from, message),
    timeout: (state, env, timer) => client.timeout(state, flagged(env), timer),
    linked: (state, env, peer, isUp) => client.linked?.(state, flagged(env), peer, isUp),
  };
}
