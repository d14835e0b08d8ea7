/** Packets that partners have promised: marked while a trade is under way, and no longer. */

import { clearBit, setBit } from '../bits.ts';
import type { PeerState } from '../peer/state.ts';
import type { FlightState } from './state.ts';

export function setBits(peer: PeerState<FlightState>, ids: readonly number[]): void {
  const { need, pending } = peer.own;
  for (const id of ids) setBit(need.shape, pending, id);
}

export function clearBits(peer: PeerState<FlightState>, ids: readonly number[]): void {
  const { need, pending } = peer.own;
  for (const id of ids) clearBit(need.shape, pending, id);
}
