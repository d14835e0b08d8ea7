/** A rate limiter whose limit does not grow with the number of accounts. */
export * from './guards.ts';
export * from './limiter.ts';
export { addNamed, type NamedLinks, noLinks, readLinksFile } from './links-file.ts';
export * from './open.ts';
export type { LinkStanding, Standing } from './standing.ts';
export {
  type HeaderSettings,
  type HeaderStyle,
  headersOf,
  problemOf,
  statusOf,
  type Verdict,
  type Why,
} from './verdict.ts';
