/** FlightPath: the flexible use of the common trade. */

export * from './conduct.ts';
export * from './debt.ts';
export * from './messages.ts';
export * from './need.ts';
export * from './peer.ts';
export * from './policy.ts';
export * from './reservations.ts';
export type { FlightState } from './state.ts';
export * from './trade-size.ts';
export * from './trouble.ts';
