/** Every order protocol, by name. */

import type { OrderName, OrderProtocol } from './order-protocol.ts';
import { speculative } from './speculative/index.ts';
import { threePhase } from './three-phase/index.ts';

export const orderProtocols: Readonly<Record<OrderName, OrderProtocol>> = {
  'three-phase': threePhase,
  speculative,
};
