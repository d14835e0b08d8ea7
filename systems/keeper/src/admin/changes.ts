/** Commands that change something. They run within a turn, and each leaves a note. */

import type { Env } from '@concordat/kernel';
import { closeConnection } from '../gateway/connection.ts';
import type { GatewayMessage } from '../gateway/message.ts';
import { resetConnections, resetStatistics } from '../gateway/resets.ts';
import type { GatewayState } from '../gateway/state.ts';
import type { Json } from './json.ts';

type Fields = Readonly<Record<string, Json>>;

/** What a command does, with the body of its request; an answer with an `error` means that it did nothing. */
export type Change = (state: GatewayState, env: Env<GatewayMessage>, body: string) => Fields;

export const resetStats: Change = (state) => {
  resetStatistics(state);
  return {};
};

export const resetConnectionStats: Change = (state) => {
  resetConnections(state);
  return {};
};

/** Closes the named percentage of the connections, spread evenly over their ages; their clients come back here or elsewhere. */
export const shedConnections: Change = (state, env, body) => {
  const percentage = percentageIn(body);
  if (typeof percentage === 'string') return { error: percentage };
  const isShed = (at: number): boolean =>
    Math.floor(((at + 1) * percentage) / 100) > Math.floor((at * percentage) / 100);
  const shed = [...state.connections.values()].filter((_, at) => isShed(at));
  for (const connection of shed) closeConnection(state, env, connection);
  env.note({ kind: 'keeper-shed', connections: shed.length });
  return { percentage_requested: percentage, connections_shed: shed.length };
};

/** The percentage that a body asks for, or why there is none, in ZooKeeper's words. */
function percentageIn(body: string): number | string {
  if (body === '') return 'Request body is required';
  const asked = objectIn(body);
  if (asked === null) return 'Invalid JSON or failed to read request body';
  const { percentage } = asked;
  if (percentage === undefined) return 'Missing required parameter: percentage';
  if (typeof percentage !== 'number' || !Number.isInteger(percentage))
    return 'Percentage must be a whole number';
  return percentage < 0 || percentage > 100 ? 'Percentage must be between 0 and 100' : percentage;
}

function objectIn(body: string): { readonly percentage?: unknown } | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}
