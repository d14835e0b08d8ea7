/**
 * How a peer is reached, as the text in its ticket. The tracker signs it as the peer's own word: a wrong one harms its owner.
 *
 *   HOST:PORT#PIN         whoever knows the address may call
 *   via:ID,ID#PIN         nobody can call: through these members, the better one first
 *   -#PIN                 nobody can call
 */

import type { NodeId } from '@concordat/kernel';
import type { PeerContact } from '@concordat/runtime';

const PIN = '[0-9a-f]{64}';
const DIRECT = new RegExp(`^(\\[[0-9a-fA-F:.]{2,45}\\]|[0-9a-zA-Z._-]{1,180}):([0-9]{1,5})#(${PIN})$`);
const RELAYED = new RegExp(`^via:([0-9]{1,10})(?:,([0-9]{1,10}))?#(${PIN})$`);
const HIDDEN = new RegExp(`^-#(${PIN})$`);
const MAX_ID = 2 ** 32 - 1;

export function formatContact(contact: PeerContact): string {
  const { pin } = contact;
  if ('via' in contact) {
    const ids = typeof contact.via === 'number' ? [contact.via] : contact.via.slice(0, 2);
    return `via:${ids.join(',')}#${pin}`;
  }
  if (contact.port === 0) return `-#${pin}`;
  const host = contact.host.includes(':') ? `[${contact.host}]` : contact.host;
  return `${host}:${contact.port}#${pin}`;
}

/** Null for anything else, from anyone. */
export function parseContact(text: string): PeerContact | null {
  const hidden = HIDDEN.exec(text);
  if (hidden !== null) return { host: '', port: 0, pin: hidden[1] as string };
  const relayed = RELAYED.exec(text);
  if (relayed !== null) {
    const via: NodeId[] = relayed.slice(1, 3).flatMap((id) => (id === undefined ? [] : [Number(id)]));
    if (via.some((id) => id > MAX_ID)) return null;
    return { via, pin: relayed[3] as string };
  }
  const direct = DIRECT.exec(text);
  if (direct === null) return null;
  const port = Number(direct[2]);
  if (port < 1 || port > 65_535) return null;
  const host = (direct[1] as string).replace(/^\[|\]$/g, '');
  return { host, port, pin: direct[3] as string };
}
