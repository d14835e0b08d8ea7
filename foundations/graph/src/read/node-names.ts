/**
 * External names of nodes and their dense numbers, by first appearance. Names are numbers up to 2^53 or bytes of text; both lie in typed
 * arrays, since a `Map` of ten million names takes more memory than the graph. Files may be hostile: `seed` should be drawn by whoever
 * opens them, so that nobody can write names that all fall into one slot.
 */

export interface NodeNames {
  readonly kind: 'numbers' | 'text';
  count: number;
  readonly seed: number;
  /** Numbers: the name of each node. */
  ids: Float64Array;
  /** Numbers below its length: the node plus 1, or 0. */
  direct: Uint32Array;
  /** Text: names one after the other, and where each ends. */
  bytes: Uint8Array;
  ends: Float64Array;
  /** Larger numbers and text: open addressing, the node plus 1, or 0; at most half full. */
  slots: Uint32Array;
  slotsTaken: number;
}

/** Numbers below this have a place of their own: 16 MB at most. */
const DIRECT_LIMIT = 2 ** 22;

export function createNodeNames(kind: NodeNames['kind'], seed: number): NodeNames {
  const isText = kind === 'text';
  return {
    ...{ kind, count: 0, seed },
    ids: new Float64Array(isText ? 0 : 1024),
    direct: new Uint32Array(isText ? 0 : 1024),
    bytes: new Uint8Array(isText ? 16_384 : 0),
    ends: new Float64Array(isText ? 1024 : 0),
    ...{ slots: new Uint32Array(1024), slotsTaken: 0 },
  };
}

/** Spreads 32 bits over all others (the finish of MurmurHash3). */
function finished(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function hashOfNumber(id: number, seed: number): number {
  return finished(finished((id | 0) ^ seed) + Math.floor(id / 0x1_0000_0000) + seed);
}

function hashOfText(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  for (let at = from; at < to; at += 1) {
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
    // Folds high bits into low ones: else the slot would depend on the low bits of the seed alone.
    hash ^= hash >>> 15;
  }
  return finished(hash);
}

/** At least twice as long, with the same head. */
function grownTo<T extends Float64Array | Uint32Array | Uint8Array>(
  old: T,
  length: number,
  make: (length: number) => T,
): T {
  if (length <= old.length) return old;
  const grown = make(Math.max(length, 2 * old.length));
  grown.set(old);
  return grown;
}

const startOf = (names: NodeNames, node: number): number =>
  node === 0 ? 0 : (names.ends[node - 1] as number);

function hashOfNode(names: NodeNames, node: number): number {
  return names.kind === 'numbers'
    ? hashOfNumber(names.ids[node] as number, names.seed)
    : hashOfText(names.bytes, startOf(names, node), names.ends[node] as number, names.seed);
}

/** Puts a new node into its slot, after making room. */
function takeSlot(names: NodeNames, node: number): void {
  const place = (member: number): void => {
    const mask = names.slots.length - 1;
    let slot = hashOfNode(names, member) & mask;
    while (names.slots[slot] !== 0) slot = (slot + 1) & mask;
    names.slots[slot] = member + 1;
  };
  names.slotsTaken += 1;
  if (2 * names.slotsTaken > names.slots.length) {
    const old = names.slots;
    names.slots = new Uint32Array(2 * old.length);
    for (const taken of old) if (taken !== 0) place(taken - 1);
  }
  place(node);
}

/** The node named `id`, a whole number from 0 to 2^53 - 1; a new one if `mayAdd`, else -1. */
export function nodeOfNumber(names: NodeNames, id: number, mayAdd: boolean): number {
  const isDirect = id < DIRECT_LIMIT;
  if (isDirect) {
    const known = id < names.direct.length ? (names.direct[id] as number) : 0;
    if (known !== 0) return known - 1;
  } else {
    const mask = names.slots.length - 1;
    for (let slot = hashOfNumber(id, names.seed) & mask; ; slot = (slot + 1) & mask) {
      const taken = names.slots[slot] as number;
      if (taken === 0) break;
      if (names.ids[taken - 1] === id) return taken - 1;
    }
  }
  if (!mayAdd) return -1;
  const node = names.count;
  names.count += 1;
  names.ids = grownTo(names.ids, names.count, (length) => new Float64Array(length));
  names.ids[node] = id;
  if (isDirect) {
    names.direct = grownTo(names.direct, id + 1, (length) => new Uint32Array(length));
    names.direct[id] = node + 1;
  } else takeSlot(names, node);
  return node;
}

/** The node named by these bytes; a new one if `mayAdd`, else -1. */
export function nodeOfText(
  names: NodeNames,
  text: Uint8Array,
  from: number,
  to: number,
  mayAdd: boolean,
): number {
  const mask = names.slots.length - 1;
  for (let slot = hashOfText(text, from, to, names.seed) & mask; ; slot = (slot + 1) & mask) {
    const taken = names.slots[slot] as number;
    if (taken === 0) break;
    const start = startOf(names, taken - 1);
    if ((names.ends[taken - 1] as number) - start !== to - from) continue;
    let at = from;
    while (at < to && text[at] === names.bytes[start + at - from]) at += 1;
    if (at === to) return taken - 1;
  }
  if (!mayAdd) return -1;
  const node = names.count;
  const start = startOf(names, node);
  names.count += 1;
  names.bytes = grownTo(names.bytes, start + to - from, (length) => new Uint8Array(length));
  names.ends = grownTo(names.ends, names.count, (length) => new Float64Array(length));
  names.bytes.set(text.subarray(from, to), start);
  names.ends[node] = start + to - from;
  takeSlot(names, node);
  return node;
}

/** The name of a node, as text. */
export function nameOf(names: NodeNames, node: number): string {
  if (names.kind === 'numbers') return String(names.ids[node]);
  return new TextDecoder().decode(names.bytes.subarray(startOf(names, node), names.ends[node]));
}

/** The node with this name, or -1. */
export function nodeNamed(names: NodeNames, name: string): number {
  if (names.kind === 'numbers')
    return /^\d{1,16}$/.test(name) && Number.isSafeInteger(Number(name))
      ? nodeOfNumber(names, Number(name), false)
      : -1;
  const bytes = new TextEncoder().encode(name);
  return nodeOfText(names, bytes, 0, bytes.length, false);
}
