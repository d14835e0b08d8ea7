/**
 * What a peer holds of the stream: headers and verified packets of the rounds that are not over yet, in a ring by round. Nothing
 * enters that does not verify against the broadcaster's header, so nothing hostile is ever passed on.
 */

import { assert } from '@concordat/kernel';
import {
  type Bits,
  clearRow,
  countRow,
  createBits,
  hasBit,
  idOf,
  indexOfId,
  rowOf,
  type Shape,
  setBit,
} from '../bits.ts';
import type { RoundHeader } from './header.ts';
import type { Packet, PacketCheck } from './packets.ts';

export interface Store {
  readonly shape: Shape;
  /** The latest round of the window; the oldest is `lifetime` - 1 before it. -1 before the first. */
  newest: number;
  readonly have: Bits;
  /** Held packets per row. */
  readonly counts: Int32Array;
  /** By id within the window. */
  readonly packets: (Packet | undefined)[];
  /** By row. */
  readonly headers: (RoundHeader | undefined)[];
}

export function createStore(shape: Shape): Store {
  return {
    shape,
    newest: -1,
    have: createBits(shape),
    counts: new Int32Array(shape.lifetime),
    packets: new Array<Packet | undefined>(shape.lifetime * shape.perRound).fill(undefined),
    headers: new Array<RoundHeader | undefined>(shape.lifetime).fill(undefined),
  };
}

export const oldestRound = ({ newest, shape }: Store): number => Math.max(0, newest - shape.lifetime + 1);

/** True while packets of `round` may be held. */
export const isCurrent = (store: Store, round: number): boolean =>
  round <= store.newest && round >= oldestRound(store);

/** Moves the window to `round`; what falls out of it is gone. The caller has played it. */
export function advanceStore(store: Store, round: number): void {
  assert(round > store.newest, 'a window moves forward');
  const { shape } = store;
  for (let next = Math.max(store.newest + 1, round - shape.lifetime + 1); next <= round; next++) {
    const row = rowOf(shape, next);
    clearRow(shape, store.have, row);
    store.counts[row] = 0;
    store.headers[row] = undefined;
    store.packets.fill(undefined, row * shape.perRound, (row + 1) * shape.perRound);
  }
  store.newest = round;
}

export const headerOf = (store: Store, round: number): RoundHeader | undefined =>
  isCurrent(store, round) ? store.headers[rowOf(store.shape, round)] : undefined;

/** Keeps a header whose signature the caller has checked. The first one stays: a broadcaster signs one per round. */
export function putHeader(store: Store, header: RoundHeader): void {
  if (!isCurrent(store, header.round)) return;
  const row = rowOf(store.shape, header.round);
  store.headers[row] ??= header;
}

/** `stored` if it was new; `hostile` if it is not what the broadcaster sent. */
export type PutOutcome = 'stored' | 'duplicate' | 'stale' | 'headless' | 'hostile';

export function putPacket(store: Store, check: PacketCheck, packet: Packet): PutOutcome {
  const { shape } = store;
  if (!isCurrent(store, packet.round)) return 'stale';
  if (packet.index >= shape.perRound) return 'hostile';
  const row = rowOf(shape, packet.round);
  const header = store.headers[row];
  if (header === undefined) return 'headless';
  const id = row * shape.perRound + packet.index;
  if (!check(header, packet)) return 'hostile';
  if (hasBit(shape, store.have, id)) return 'duplicate';
  setBit(shape, store.have, id);
  store.counts[row] = (store.counts[row] as number) + 1;
  store.packets[id] = packet;
  return 'stored';
}

export const packetOf = (store: Store, id: number): Packet | undefined => store.packets[id];

export const heldOf = (store: Store, round: number): number =>
  isCurrent(store, round) ? (store.counts[rowOf(store.shape, round)] as number) : 0;

/** The packets of a round, by index. */
export const packetsOfRound = (store: Store, round: number): readonly (Packet | undefined)[] => {
  const first = idOf(store.shape, round, 0);
  return store.packets.slice(first, first + store.shape.perRound);
};

/** Rounds of the window whose header is held: bit r mod lifetime for round r. */
export function knownRounds(store: Store): number {
  let mask = 0;
  for (let row = 0; row < store.headers.length; row++) if (store.headers[row] !== undefined) mask |= 1 << row;
  return mask >>> 0;
}

export function storeInvariants(store: Store): void {
  const { shape } = store;
  for (let row = 0; row < shape.lifetime; row++) {
    assert(countRow(shape, store.have, row) === store.counts[row], 'packets are counted as they are held');
    assert(
      store.counts[row] === 0 || store.headers[row] !== undefined,
      'packets are held under the header that vouches for them',
    );
  }
  for (const [id, packet] of store.packets.entries()) {
    assert((packet !== undefined) === hasBit(shape, store.have, id), 'a bit is set for every packet held');
    if (packet !== undefined) assert(packet.index === indexOfId(shape, id), 'a packet is held at its place');
  }
}
