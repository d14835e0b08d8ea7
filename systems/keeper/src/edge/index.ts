/** What connects the keeper to the outside: ZooKeeper's framing of TCP streams. */

export * from './framing.ts';
