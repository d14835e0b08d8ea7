export * from './gateway.ts';
export { requireInvariants } from './invariants.ts';
export * from './message.ts';
export { measure } from './metrics.ts';
export {
  GATEWAY_LIMITS,
  type GatewayConfig,
  type GatewayLimits,
  type GatewayState,
  type ServerInfo,
} from './state.ts';
export type { Submit } from './submission.ts';
