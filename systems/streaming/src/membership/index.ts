/** Who is in the stream, and who may trade with whom. */

export * from './candidates.ts';
export * from './contradictions.ts';
export * from './delta.ts';
export * from './epoch-list.ts';
export * from './roster.ts';
export * from './ticket.ts';
export * from './tubs.ts';
