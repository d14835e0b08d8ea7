/**
 * Who may be a peer, and how it is reached: a record for each, and nothing more until it is used. The book changes while
 * it is read: by the tens of thousands, and pins are looked up at every call.
 */

import type { NodeId } from '@concordat/kernel';
import { RuntimeError } from '../errors.ts';
import type { PeerAddress } from '../links/links.ts';
import { pinTable } from '../links/pins.ts';

/** A peer that others cannot call: through which relays it is reached, the better one first. */
export interface RelayedAddress {
  readonly via: NodeId | readonly NodeId[];
  readonly pin: string;
}

export type PeerContact = PeerAddress | RelayedAddress;

/** More ways to one peer cost more of its caller's time than they are worth. */
const WAYS_MAX = 2;

export interface Book {
  readonly pins: ReadonlyMap<string, NodeId>;
  readonly size: number;
  get(id: NodeId): PeerContact | undefined;
  /**
   * Enters a peer, or its new contact; true if its pin was another one. Throws `bad-configuration` if its pin is malformed
   * or another's.
   */
  set(id: NodeId, contact: PeerContact): boolean;
  /** True if it was there. */
  delete(id: NodeId): boolean;
}

export function createBook(contacts: Iterable<readonly [NodeId, PeerContact]>): Book {
  const known = new Map<NodeId, PeerContact>();
  const pins = new Map<string, NodeId>();
  const book: Book = {
    pins,
    get size() {
      return known.size;
    },
    get: (id) => known.get(id),
    set: (id, contact) => {
      pinTable(new Map([[id, contact]]));
      const holder = pins.get(contact.pin);
      if (holder !== undefined && holder !== id)
        throw new RuntimeError('bad-configuration', `peers ${holder} and ${id} share a pin`);
      const before = known.get(id)?.pin;
      if (before !== undefined) pins.delete(before);
      pins.set(contact.pin, id);
      known.set(id, contact);
      return before !== undefined && before !== contact.pin;
    },
    delete: (id) => {
      const contact = known.get(id);
      if (contact === undefined) return false;
      pins.delete(contact.pin);
      return known.delete(id);
    },
  };
  for (const [id, contact] of contacts) book.set(id, contact);
  return book;
}

export const waysOf = ({ via }: RelayedAddress): readonly NodeId[] =>
  (typeof via === 'number' ? [via] : via).slice(0, WAYS_MAX);
