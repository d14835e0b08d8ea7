/** Keeps the contacts that a host knows in step with the members that its process knows. */

import type { NodeId } from '@concordat/kernel';
import type { PeerContact } from '@concordat/runtime';
import type { PlacedMember } from '../../membership/ticket.ts';
import { parseContact } from './contact.ts';

interface Book {
  addPeer(id: NodeId, contact: PeerContact): void;
  removePeer(id: NodeId): void;
  useRelays(relays: readonly NodeId[]): void;
}

export interface Contacts {
  /** Enters those who are new or have another contact, and forgets those who are gone. */
  follow(members: Iterable<PlacedMember | undefined>): void;
  readonly count: number;
}

/** `self` is not entered; `relays` are those that are there from the start, used until members that are willing are known. */
export function createContacts(book: Book, self: NodeId, relays: readonly NodeId[]): Contacts {
  const entered = new Map<NodeId, string>();
  let offered = relays.join();

  function enter({ id, address }: PlacedMember, willing: NodeId[]): void {
    const parsed = parseContact(address);
    if (parsed?.isRelay === true) willing.push(id);
    if (entered.get(id) === address) return;
    entered.set(id, address);
    if (parsed === null) return;
    try {
      book.addPeer(id, parsed.contact);
    } catch {
      // It claims the pin of another member, who was there first.
    }
  }

  return {
    get count() {
      return entered.size;
    },
    follow: (members) => {
      const present = new Set<NodeId>();
      const willing: NodeId[] = [];
      for (const member of members) {
        if (member === undefined || member.id === self) continue;
        present.add(member.id);
        enter(member, willing);
      }
      for (const id of entered.keys()) {
        if (present.has(id)) continue;
        entered.delete(id);
        book.removePeer(id);
      }
      const all = [...relays, ...willing.sort((a, b) => a - b)];
      if (all.join() === offered) return;
      offered = all.join();
      book.useRelays(all);
    },
  };
}
