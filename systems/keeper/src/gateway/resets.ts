/** What operators may set back to zero: the statistics of the server (`srst`) and of its connections (`crst`). */

import { type GatewayState, noneAnswered } from './state.ts';
import { createLatency, freshStatistics } from './statistics.ts';

export function resetStatistics(state: GatewayState): void {
  Object.assign(state.statistics, freshStatistics());
}

export function resetConnections(state: GatewayState): void {
  for (const connection of state.connections.values()) {
    connection.received = 0;
    connection.sent = 0;
    Object.assign(connection.latency, createLatency());
    Object.assign(connection.last, noneAnswered());
  }
}
