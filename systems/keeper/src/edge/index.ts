/** What connects the keeper to the outside: ZooKeeper's framing of TCP streams, and a client for tools. */

export * from './framing.ts';
export * from './live-client.ts';
export * from './live-node.ts';
export * from './live-word.ts';
export * from './varied-tree.ts';
