/** The tracker and what is said to it. */

export * from './admission.ts';
export * from './conviction.ts';
export * from './joins.ts';
export * from './messages.ts';
export * from './next-pages.ts';
export * from './pings.ts';
export * from './state.ts';
export * from './tracker.ts';
