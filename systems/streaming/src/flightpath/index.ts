/** FlightPath's decisions, as pure functions over bitmaps and plain records. */

export * from './debt.ts';
export * from './need.ts';
export * from './policy.ts';
export * from './reservations.ts';
export * from './trade-size.ts';
export * from './trouble.ts';
