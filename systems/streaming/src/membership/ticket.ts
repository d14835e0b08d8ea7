/**
 * What a newcomer gets from the tracker, and shows to whom it contacts: that it is a member, and where it stands in the
 * epoch's line. One signature, made and checked once, whatever the number of members. Tickets in the order of their
 * places are the delta log (`delta.ts`).
 *
 *   body: u32 epoch | u32 place | u32 start round | member
 *   member: u32 id | 32 bytes key | 32 bytes digest of the VRF key | text address
 */

import { DIGEST_BYTES, type Hash, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, tagged } from '@concordat/crypto';
import type { Digest } from '@concordat/kernel';
import { createWriter, type Reader, type Writer } from '@concordat/wire';
import type { Signer, StreamKeys } from '../keys.ts';
import { signedBytes } from '../statement.ts';

/** Long enough for any host name with a port. */
export const MAX_ADDRESS_BYTES = 280;
export const MEMBER_LEAST_BYTES = 4 + PUBLIC_KEY_BYTES + DIGEST_BYTES + 4;

/**
 * A member that can be reached. Addresses are hints of the member itself: a wrong one harms its owner only. The key of its random
 * function is eight times as long as all the rest, so lists have its digest, and its owner shows it to whom it contacts.
 */
export interface PlacedMember extends Signer {
  readonly vrfDigest: Digest;
  readonly address: string;
}

export const vrfDigestOf = (hash: Hash, vrfKey: Uint8Array): Digest => tagged(hash, 'stream-vrf-key', vrfKey);

export interface Ticket {
  readonly epoch: number;
  readonly place: number;
  /** The first round whose packets it trades. */
  readonly startRound: number;
  readonly member: PlacedMember;
}

export interface SignedTicket {
  readonly ticket: Ticket;
  readonly signature: Uint8Array;
}

export function writeMember(writer: Writer, { id, publicKey, vrfDigest, address }: PlacedMember): void {
  writer.u32(id);
  writer.fixed(publicKey);
  writer.fixed(vrfDigest);
  writer.text(address);
}

export const readMember = (reader: Reader): PlacedMember => ({
  id: reader.u32(),
  publicKey: reader.fixed(PUBLIC_KEY_BYTES),
  vrfDigest: reader.fixed(DIGEST_BYTES),
  address: reader.text(MAX_ADDRESS_BYTES),
});

function writeTicketBody(writer: Writer, { epoch, place, startRound, member }: Ticket): void {
  writer.u32(epoch);
  writer.u32(place);
  writer.u32(startRound);
  writeMember(writer, member);
}

const readTicketBody = (reader: Reader): Ticket => ({
  epoch: reader.u32(),
  place: reader.u32(),
  startRound: reader.u32(),
  member: readMember(reader),
});

export function ticketBody(ticket: Ticket): Uint8Array {
  const writer = createWriter();
  writeTicketBody(writer, ticket);
  return writer.finish();
}

/** Null unless the bytes are a ticket's body. */
export function decodeTicketBody(reader: Reader): Ticket | null {
  return reader.finish(readTicketBody(reader));
}

export const signTicket = (keys: StreamKeys, stream: Digest, ticket: Ticket): SignedTicket => ({
  ticket,
  signature: keys.sign(signedBytes(stream, 'ticket', ticketBody(ticket))),
});

export const isTicketSigned = (
  keys: Pick<StreamKeys, 'verify'>,
  stream: Digest,
  tracker: Signer,
  { ticket, signature }: SignedTicket,
): boolean => keys.verify(tracker, signedBytes(stream, 'ticket', ticketBody(ticket)), signature);

export function writeTicket(writer: Writer, { ticket, signature }: SignedTicket): void {
  writeTicketBody(writer, ticket);
  writer.fixed(signature);
}

export const readTicket = (reader: Reader): SignedTicket => ({
  ticket: readTicketBody(reader),
  signature: reader.fixed(SIGNATURE_BYTES),
});

export const TICKET_LEAST_BYTES = 12 + MEMBER_LEAST_BYTES + SIGNATURE_BYTES;

/** Bytes of a member as `writeMember` makes them. */
export const memberBytes = ({ address }: PlacedMember): number => MEMBER_LEAST_BYTES + utf8Length(address);

/** Bytes of `text` in UTF-8. */
function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

/** Bytes of a ticket as `writeTicket` makes them. */
export const ticketBytes = ({ ticket }: SignedTicket): number =>
  12 + memberBytes(ticket.member) + SIGNATURE_BYTES;
