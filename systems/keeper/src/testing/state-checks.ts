/** For tests of what is derived from the state: restoring one service from another, and deriving everything anew. */

import { assert, type Restore } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { KeeperService } from '../service.ts';
import { endOf, type Lifetimes } from '../tree/lifetimes.ts';
import { parentOf } from '../tree/paths.ts';
import type { Tree } from '../tree/tree.ts';
import { isEphemeral, NO_OWNER } from '../tree/znode.ts';

/** Puts the donor's state in the place of whatever `to` had. */
export function restoreFrom(donor: KeeperService, to: KeeperService): void {
  const mark = donor.mark();
  const snapshot = donor.snapshot(mark);
  const digests = Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));
  const restore: Restore | null = to.restore(snapshot.digest, digests);
  assert(restore !== null, 'the list of parts is right');
  for (const part of restore.missing(digests.length))
    assert(restore.offer(part, snapshot.read(part)), 'a part is what was promised');
  restore.finish();
  donor.release(mark);
  assert(equalBytes(to.digest(), donor.digest()), 'both have the same state');
}

/** Fails unless the tree's indexes say what follows from its nodes. */
export function checkIndexes(tree: Tree): void {
  const directories = new Map<string, Set<string>>();
  const ephemerals = new Map<number, Set<string>>();
  const ends = new Map<string, number>();
  const quotas = new Set<string>();
  let dataBytes = 0;
  for (const [path, node] of tree.nodes.entries()) {
    dataBytes += path.length + (node.data?.length ?? 0);
    if (path !== '/') addTo(directories, parentOf(path), path);
    if (isEphemeral(node)) addTo(ephemerals, node.owner, path);
    const end = node.owner === NO_OWNER || isEphemeral(node) ? undefined : endOf(node);
    if (end !== undefined) ends.set(path, end);
    const limited = /^\/zookeeper\/quota(\/.+)\/zookeeper_limits$/.exec(path)?.[1];
    if (limited !== undefined) quotas.add(limited);
  }
  assert(dataBytes === tree.dataBytes, 'the size is that of all nodes');
  requireSame(new Map([...tree.directories].map(([path, { paths }]) => [path, paths])), directories);
  requireSame(tree.ephemerals, ephemerals);
  requireSame(new Map([['', tree.quotas]]), new Map([['', quotas]]));
  requireLifetimes(tree, ends);
}

function addTo<K>(sets: Map<K, Set<string>>, key: K, path: string): void {
  const set = sets.get(key) ?? new Set();
  sets.set(key, set.add(path));
}

function requireSame<K>(found: ReadonlyMap<K, Set<string>>, expected: ReadonlyMap<K, Set<string>>): void {
  assert(found.size === expected.size, 'an index has an entry for everything');
  for (const [key, paths] of expected) {
    const others = found.get(key);
    assert(others?.size === paths.size && [...paths].every((path) => others.has(path)), 'an entry is right');
  }
}

function requireLifetimes(tree: Tree, ends: ReadonlyMap<string, number>): void {
  const { lifetimes } = tree;
  assert(lifetimes.ends.size === ends.size, 'all nodes that end are known');
  let candidates = 0;
  for (const [path, end] of ends) {
    assert(lifetimes.ends.get(path) === end, 'an end is right');
    if (tree.directories.has(path)) continue;
    candidates++;
    const place = lifetimes.places.get(path);
    const candidate = place === undefined ? undefined : lifetimes.heap[place];
    assert(candidate?.path === path && candidate.end === end, 'a node that may go waits');
  }
  assert(lifetimes.heap.length === candidates && lifetimes.places.size === candidates, 'no other waits');
  requireHeap(lifetimes);
}

function requireHeap({ heap }: Lifetimes): void {
  for (const [place, { path, end }] of heap.entries()) {
    const above = heap[(place - 1) >> 1];
    const isAfter = above === undefined || above.end < end || (above.end === end && above.path <= path);
    assert(isAfter, 'nobody waits behind one who goes later');
  }
}
