/** Detection of fake accounts by the shape of a social graph. */
export { spreadTrust, walkLength } from './rank/sybilrank.ts';
