/**
 * Accounts and links that come and go while payments go on. A row without room moves to the end of the arrays; what it
 * leaves behind is swept together when it is half of everything.
 */

import { assert } from '@concordat/kernel';
import { isUnits, MAX_UNITS } from '../policies/policy.ts';
import { growCuts, noteCapacity } from './cuts.ts';
import { type CreditNetwork, isAccount, placeBetween } from './network.ts';
import { park, unpark } from './parking.ts';
import { adjust, settleLink } from './recovery.ts';
import { growSearch } from './search.ts';

const FIRST_ROOM = 4;

/** A new account without links; its number. */
export function addAccount(network: CreditNetwork): number {
  const node = network.nodeCount;
  if (node === network.starts.length) {
    const nodes = Math.max(16, node + (node >>> 1));
    const grown = (array: Uint32Array): Uint32Array => {
      const larger = new Uint32Array(nodes);
      larger.set(array);
      return larger;
    };
    network.starts = grown(network.starts);
    network.ends = grown(network.ends);
    network.rooms = grown(network.rooms);
    growSearch(network.search, nodes);
    growCuts(network.cuts, nodes);
  }
  network.starts[node] = network.ends[node] = network.rooms[node] = network.filled;
  network.nodeCount += 1;
  return node;
}

/**
 * Links two accounts: `credit` units from `a` to `b`, `creditBack` the other way; a link that was removed before it had
 * recovered goes on as it was. False if they are linked already, are the same, or are no accounts.
 */
export function link(
  network: CreditNetwork,
  a: number,
  b: number,
  credit = network.policy.credit,
  creditBack = credit,
): boolean {
  if (!isAccount(network, a) || !isAccount(network, b) || a === b || placeBetween(network, a, b) >= 0)
    return false;
  assert(isUnits(credit) && isUnits(creditBack), 'a link begins with whole units, within bounds');
  const parked = unpark(network, a, b);
  const [own, ownBase] = (a < b ? parked?.low : parked?.high) ?? [credit, credit];
  const [other, otherBase] = (a < b ? parked?.high : parked?.low) ?? [creditBack, creditBack];
  insert(network, a, b, [own, ownBase, other]);
  insert(network, b, a, [other, otherBase, own]);
  network.linkCount += 1;
  noteCapacity(network, a, b, own);
  noteCapacity(network, b, a, other);
  return true;
}

/** Removes a link. False if there is none. */
export function unlink(network: CreditNetwork, a: number, b: number): boolean {
  if (!isAccount(network, a) || !isAccount(network, b)) return false;
  const place = placeBetween(network, a, b);
  if (place < 0) return false;
  park(network, a, b);
  noteCapacity(network, a, b, -(network.out[place] as number));
  noteCapacity(network, b, a, -(network.back[place] as number));
  remove(network, a, place);
  remove(network, b, placeBetween(network, b, a));
  network.linkCount -= 1;
  return true;
}

/** Adds to what both directions of a link begin with and have: Bazaar's successful purchase. Makes the link if there is none. */
export function growLink(network: CreditNetwork, a: number, b: number, units: number): boolean {
  if (link(network, a, b, units, units)) return true;
  if (!isAccount(network, a) || !isAccount(network, b) || a === b) return false;
  const place = placeBetween(network, a, b);
  const twin = placeBetween(network, b, a);
  if (Math.max(network.base[place] as number, network.base[twin] as number) + units > MAX_UNITS) return false;
  settleLink(network, a, place);
  network.base[place]! += units;
  network.base[twin]! += units;
  adjust(network, place, twin, units, units);
  return true;
}

/** By place, everything that moves with a link. */
const columns = (network: CreditNetwork): readonly (Uint32Array | Int32Array)[] => [
  network.targets,
  network.out,
  network.back,
  network.base,
  network.stamps,
];

/** Puts a link into a row: what its node can pay, began with, and what the other end can pay. */
function insert(
  network: CreditNetwork,
  node: number,
  target: number,
  [own, ownBase, other]: readonly [number, number, number],
): void {
  if (network.ends[node] === network.rooms[node]) moveRow(network, node);
  const end = network.ends[node] as number;
  let at = end;
  while (at > (network.starts[node] as number) && (network.targets[at - 1] as number) > target) at -= 1;
  for (const column of columns(network)) column.copyWithin(at + 1, at, end);
  network.targets[at] = target;
  network.out[at] = own;
  network.base[at] = ownBase;
  network.back[at] = other;
  network.stamps[at] = network.period;
  network.ends[node] = end + 1;
}

function remove(network: CreditNetwork, node: number, at: number): void {
  const end = network.ends[node] as number;
  for (const column of columns(network)) column.copyWithin(at, at + 1, end);
  network.ends[node] = end - 1;
}

/** Moves a full row to where there is room for twice as much. */
function moveRow(network: CreditNetwork, node: number): void {
  const size = (network.ends[node] as number) - (network.starts[node] as number);
  const room = Math.max(FIRST_ROOM, 2 * size);
  if (network.filled + room > network.targets.length) makeRoom(network, room);
  const start = network.starts[node] as number;
  for (const column of columns(network)) column.copyWithin(network.filled, start, start + size);
  network.wasted += (network.rooms[node] as number) - start;
  network.starts[node] = network.filled;
  network.ends[node] = network.filled + size;
  network.rooms[node] = network.filled + room;
  network.filled += room;
}

/** Sweeps rows together if half of the places are waste, then grows the arrays if need be. */
function makeRoom(network: CreditNetwork, room: number): void {
  const sweeps = network.wasted > network.filled / 2;
  const kept = sweeps ? network.filled - network.wasted : network.filled;
  const places = Math.max(64, Math.ceil(1.5 * kept) + room);
  const order = sweeps ? rowsInOrder(network) : null;
  network.targets = rebuilt(network, network.targets, new Uint32Array(places), order);
  network.out = rebuilt(network, network.out, new Int32Array(places), order);
  network.back = rebuilt(network, network.back, new Int32Array(places), order);
  network.base = rebuilt(network, network.base, new Int32Array(places), order);
  network.stamps = rebuilt(network, network.stamps, new Uint32Array(places), order);
  if (order !== null) renumber(network, order);
}

const rowsInOrder = (network: CreditNetwork): Uint32Array => {
  const nodes = Uint32Array.from({ length: network.nodeCount }, (_, node) => node);
  return nodes.sort((a, b) => (network.starts[a] as number) - (network.starts[b] as number));
};

function rebuilt<T extends Uint32Array | Int32Array>(
  network: CreditNetwork,
  from: T,
  to: T,
  order: Uint32Array | null,
): T {
  if (order === null) {
    to.set(from.subarray(0, network.filled));
    return to;
  }
  let at = 0;
  for (const node of order) {
    const start = network.starts[node] as number;
    to.set(from.subarray(start, network.ends[node] as number), at);
    at += (network.rooms[node] as number) - start;
  }
  return to;
}

function renumber(network: CreditNetwork, order: Uint32Array): void {
  let at = 0;
  for (const node of order) {
    const start = network.starts[node] as number;
    const [size, room] = [(network.ends[node] as number) - start, (network.rooms[node] as number) - start];
    network.starts[node] = at;
    network.ends[node] = at + size;
    network.rooms[node] = at + room;
    at += room;
  }
  network.filled = at;
  network.wasted = 0;
}
