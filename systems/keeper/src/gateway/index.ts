export * from './gateway.ts';
export { requireInvariants } from './invariants.ts';
export * from './message.ts';
export { type Figures, figuresOf, measure } from './metrics.ts';
export type { SaslUsers } from './sasl.ts';
export {
  GATEWAY_LIMITS,
  type GatewayConfig,
  type GatewayLimits,
  type GatewayState,
  type ServerInfo,
} from './state.ts';
export { quantileOf, type Summary } from './statistics.ts';
export type { Submit } from './submission.ts';
export { FOUR_LETTER_WORDS } from './words.ts';
