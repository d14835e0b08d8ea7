/**
 * What a peer asks for, and in which order (FlightPath, OSDI 2008: erasure coding, tail inversion, splitting need).
 * Rounds that are about to be played and lack little come first - one packet there saves a whole round -, then the newest,
 * whose packets are worth most in later trades. Keeps two promises: of a round never more than K packets are held or
 * awaited, and no packet is awaited from two partners at once.
 *
 * A window is a table of words with one row per round (row = round mod rows), as `content/store` keeps what is held.
 */

/** Rounds that are played within so many rounds are closing. */
const CLOSING_ROUNDS = 2;
/** A closing round is worth its haste if it lacks at most this share of what it needs. */
const CLOSING_SHARE = 0.2;

export interface WindowShape {
  /** Rows of the table: at least the life of a packet in rounds. */
  readonly rows: number;
  /** Words per row. */
  readonly words: number;
  /** U: packets of a round. */
  readonly packets: number;
  /** K: packets that decode a round. */
  readonly needed: number;
  /** L: the packets of round r are of use up to and including round r + L - 1. */
  readonly lifetime: number;
}

export const windowShape = (
  packets: number,
  needed: number,
  lifetime: number,
  rows = lifetime,
): WindowShape => ({ rows, words: (packets + 31) >>> 5, packets, needed, lifetime });

export const createTable = (shape: WindowShape): Int32Array => new Int32Array(shape.rows * shape.words);

/** The offset of the row of `round`. */
export const rowOf = (shape: WindowShape, round: number): number => (round % shape.rows) * shape.words;

function bitsIn(word: number): number {
  let x = word - ((word >>> 1) & 0x5555_5555);
  x = (x & 0x3333_3333) + ((x >>> 2) & 0x3333_3333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** Packets of the row at `offset` that are in either table: held or awaited. */
export function countEither(shape: WindowShape, a: Int32Array, b: Int32Array, offset: number): number {
  let count = 0;
  for (let i = offset; i < offset + shape.words; i++) count += bitsIn((a[i] as number) | (b[i] as number));
  return count;
}

/** Which rounds lack packets, the most urgent first, and how many may still be asked for. Reused from trade to trade. */
export interface NeedPlan {
  size: number;
  readonly rounds: Float64Array;
  readonly quotas: Int32Array;
}

export const createNeedPlan = (shape: WindowShape): NeedPlan => ({
  size: 0,
  rounds: new Float64Array(shape.rows),
  quotas: new Int32Array(shape.rows),
});

function add(plan: NeedPlan, round: number, quota: number): void {
  plan.rounds[plan.size] = round;
  plan.quotas[plan.size] = quota;
  plan.size++;
}

const isClosing = (shape: WindowShape, round: number, now: number, lacking: number): boolean =>
  round + shape.lifetime - now <= CLOSING_ROUNDS && lacking <= CLOSING_SHARE * shape.needed;

/**
 * Plans at round `now` for the rounds from `first` on; `pending` are packets that partners have promised. Without tail
 * inversion the order is newest first throughout.
 */
export function planNeed(
  shape: WindowShape,
  plan: NeedPlan,
  have: Int32Array,
  pending: Int32Array,
  now: number,
  first: number,
  invertsTail: boolean,
): void {
  plan.size = 0;
  const oldest = Math.max(first, now - shape.lifetime + 1, 0);
  const closesTo = invertsTail ? Math.min(now, now + CLOSING_ROUNDS - shape.lifetime) : -1;
  for (let round = oldest; round <= closesTo; round++) {
    const lacking = shape.needed - countEither(shape, have, pending, rowOf(shape, round));
    if (lacking > 0 && isClosing(shape, round, now, lacking)) add(plan, round, lacking);
  }
  const closing = plan.size;
  for (let round = now; round >= oldest; round--) {
    if (plan.rounds.subarray(0, closing).includes(round)) continue;
    const lacking = shape.needed - countEither(shape, have, pending, rowOf(shape, round));
    if (lacking > 0) add(plan, round, lacking);
  }
}

/** What one trade asks for: packet `indices[i]` of `rounds[i]`, the most urgent first. Reused from trade to trade. */
export interface Request {
  size: number;
  readonly rounds: Float64Array;
  readonly indices: Int32Array;
}

export const createRequest = (shape: WindowShape): Request => ({
  size: 0,
  rounds: new Float64Array(shape.rows * shape.packets),
  indices: new Int32Array(shape.rows * shape.packets),
});

/**
 * Fills `request` with at most `limit` packets that the plan lacks and `offered` has. Within a round the order is scattered
 * by `salt`: if all asked for the same packets first, those would be everywhere and the others nowhere.
 */
export function chooseWanted(
  shape: WindowShape,
  plan: NeedPlan,
  have: Int32Array,
  pending: Int32Array,
  offered: Int32Array,
  limit: number,
  salt: number,
  request: Request,
): void {
  request.size = 0;
  for (let i = 0; i < plan.size && request.size < limit; i++) {
    const quota = Math.min(plan.quotas[i] as number, limit - request.size);
    chooseOf(shape, plan.rounds[i] as number, have, pending, offered, quota, salt, request);
  }
}

function chooseOf(
  shape: WindowShape,
  round: number,
  have: Int32Array,
  pending: Int32Array,
  offered: Int32Array,
  quota: number,
  salt: number,
  request: Request,
): void {
  const row = rowOf(shape, round);
  let anyBits = 0;
  for (let i = row; i < row + shape.words; i++)
    anyBits |= (offered[i] as number) & ~((have[i] as number) | (pending[i] as number));
  if (anyBits === 0) return;
  // An odd step walks through all residues of a power of two, each once.
  const mask = 2 ** (32 - Math.clz32(shape.packets - 1)) - 1;
  const mixed = Math.imul(salt ^ Math.imul(round + 1, 0x9e37_79b1), 0x85eb_ca6b) >>> 0;
  const step = ((mixed >>> 16) | 1) & mask;
  let index = mixed & mask;
  let left = quota;
  for (let walked = 0; walked <= mask && left > 0; walked++, index = (index + step) & mask) {
    if (index >= shape.packets) continue;
    const at = row + (index >>> 5);
    const free = (offered[at] as number) & ~((have[at] as number) | (pending[at] as number));
    if ((free & (1 << (index & 31))) === 0) continue;
    request.rounds[request.size] = round;
    request.indices[request.size] = index;
    request.size++;
    left--;
  }
}

/** Marks the first `count` packets of a request as awaited, or - after the trade - as awaited no more. */
export function setPending(
  shape: WindowShape,
  pending: Int32Array,
  request: Request,
  count: number,
  isPending: boolean,
): void {
  for (let i = 0; i < count; i++) {
    const index = request.indices[i] as number;
    const at = rowOf(shape, request.rounds[i] as number) + (index >>> 5);
    const bit = 1 << (index & 31);
    pending[at] = isPending ? (pending[at] as number) | bit : (pending[at] as number) & ~bit;
  }
}
