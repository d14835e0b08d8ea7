/** Keeps the contacts that a host knows in step with the members that its process knows. */

import type { NodeId } from '@concordat/kernel';
import type { PeerContact } from '@concordat/runtime';
import type { PlacedMember } from '../../membership/ticket.ts';
import { parseContact } from './contact.ts';

interface Book {
  addPeer(id: NodeId, contact: PeerContact): void;
  removePeer(id: NodeId): void;
}

export interface Contacts {
  /** Enters those who are new or have another contact, and forgets those who are gone. */
  follow(members: Iterable<PlacedMember>): void;
  readonly count: number;
}

/** `self` is not entered. */
export function createContacts(book: Book, self: NodeId): Contacts {
  const entered = new Map<NodeId, string>();

  function enter({ id, address }: PlacedMember): void {
    if (entered.get(id) === address) return;
    const contact = parseContact(address);
    entered.set(id, address);
    if (contact === null) return;
    try {
      book.addPeer(id, contact);
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
      for (const member of members) {
        if (member.id === self) continue;
        present.add(member.id);
        enter(member);
      }
      for (const id of entered.keys()) {
        if (present.has(id)) continue;
        entered.delete(id);
        book.removePeer(id);
      }
    },
  };
}
