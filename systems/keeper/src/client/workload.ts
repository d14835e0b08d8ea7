/** A random workload: creates, sets, deletes, reads, syncs and small multis over a few paths, each value only once. */

import type { Env, Prng } from '@concordat/kernel';
import type { GatewayMessage } from '../gateway/message.ts';
import type { ClientState } from './client.ts';
import type { ClientChange, ClientInput } from './history.ts';

export interface WorkloadOptions {
  readonly paths: readonly string[];
  /** How many operations in all. */
  readonly operations: number;
}

/** For `ClientConfig.next`. */
export function createWorkload(options: WorkloadOptions) {
  return (state: ClientState, env: Env<GatewayMessage>): ClientInput | null => {
    const count = state.history.length;
    if (count >= options.operations) return null;
    return draw(env.random, options.paths, `${state.config.number}.${count}`);
  };
}

function draw(random: Prng, paths: readonly string[], value: string): ClientInput {
  const way = random.below(20);
  if (way < 8) return { kind: 'read', path: random.pick(paths) };
  if (way === 8) return { kind: 'sync' };
  const first = drawChange(random, random.pick(paths), value);
  if (way < 18 || paths.length < 2) return { kind: 'write', changes: [first] };
  const others = paths.filter((path) => path !== first.path);
  return { kind: 'write', changes: [first, drawChange(random, random.pick(others), `${value}b`)] };
}

function drawChange(random: Prng, path: string, value: string): ClientChange {
  const way = random.below(6);
  const expected = random.chance(0.3) ? random.below(4) : null;
  if (way < 2) return { kind: 'create', path, value };
  return way === 5 ? { kind: 'delete', path, expected } : { kind: 'set', path, value, expected };
}
