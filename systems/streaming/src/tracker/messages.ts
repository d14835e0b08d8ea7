/**
 * What peers and the tracker say to each other; peers also pass pages of the list on among themselves. A ping always has room for
 * evidence, padded to one size: reporting costs nothing extra, and keeping evidence to oneself saves nothing.
 *
 *   u8 type, then
 *   0 join      32 bytes key | 256 bytes VRF key | bytes certificate | text address | bytes token | 64 bytes signature
 *   1 welcome   ticket | epoch head | list of members (some who can be asked for pages)
 *   2 refused   u8 reason | u32 retry after ms
 *   3 ping      u32 nonce | u32 epoch | u32 known tickets | bool wants tickets | bytes evidence | zeros up to the room
 *   4 pong      u32 nonce | f64 session ms | 64 bytes signature | u32 epoch | list of u32 suspects
 *   5 epoch-ask u32 epoch (the peer's)
 *   6 epoch     epoch head
 *   7 page-ask  u32 epoch | u32 page
 *   8 page      u32 epoch | u32 page | list of members
 *   9 delta     delta head | list of tickets
 *  10 leave
 *  11 removals  list of (u32 id | u8 why | u32 round)
 */

import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES, VRF_PUBLIC_KEY_BYTES } from '@concordat/crypto';
import { type MessageCodec, type NodeId, unreachable } from '@concordat/kernel';
import { createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import { readDelta, type SignedDeltaHead, writeDelta } from '../membership/delta.ts';
import {
  MAX_PAGES,
  PAGE_HEAD_BYTES,
  pageBytes,
  readEpochHead,
  readPage,
  type SignedEpochHead,
  writeEpochHead,
  writePage,
} from '../membership/epoch-list.ts';
import {
  MAX_ADDRESS_BYTES,
  MEMBER_LEAST_BYTES,
  memberBytes,
  type PlacedMember,
  readMember,
  readTicket,
  type SignedTicket,
  TICKET_LEAST_BYTES,
  ticketBytes,
  writeMember,
  writeTicket,
} from '../membership/ticket.ts';

import type { Removal, RemovalReason } from './state.ts';

export interface Join {
  readonly kind: 'join';
  readonly publicKey: Uint8Array;
  readonly vrfKey: Uint8Array;
  /** Shows that the VRF key is unique. */
  readonly certificate: Uint8Array;
  readonly address: string;
  /** What the membership authority gave. */
  readonly token: Uint8Array;
  /** By the key that joins. */
  readonly signature: Uint8Array;
}

export interface Welcome {
  readonly kind: 'welcome';
  readonly ticket: SignedTicket;
  readonly head: SignedEpochHead;
  readonly helpers: readonly PlacedMember[];
}

export type RefusalReason = 'busy' | 'not-admitted' | 'full';

export interface Refused {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  readonly retryAfterMs: number;
}

export interface Ping {
  readonly kind: 'ping';
  readonly nonce: number;
  readonly epoch: number;
  /** Tickets of the epoch's log that it has. */
  readonly known: number;
  /** True for newcomers, who choose partners among newcomers. */
  readonly wantsTickets: boolean;
  /** Empty, or a proof of misbehaviour; of the same size on the wire. */
  readonly evidence: Uint8Array;
}

export interface Pong {
  readonly kind: 'pong';
  readonly nonce: number;
  /** Of the session's clock. */
  readonly sessionMs: number;
  /** As of a beacon (`beacon.ts`). */
  readonly signature: Uint8Array;
  /** The latest that the tracker has signed; it may not have begun yet. */
  readonly epoch: number;
  /** Who did not ping of late. Advice: they may be chosen, but are tried last. */
  readonly suspects: readonly NodeId[];
}

export interface EpochAsk {
  readonly kind: 'epoch-ask';
  readonly epoch: number;
}

export interface Epoch {
  readonly kind: 'epoch';
  readonly head: SignedEpochHead;
}

export interface PageAsk {
  readonly kind: 'page-ask';
  readonly epoch: number;
  /** Pages that are wanted, as bits: page p is bit p mod 8 of byte p / 8. Whoever is asked sends a few of those that it has. */
  readonly wanted: Uint8Array;
}

export interface Page {
  readonly kind: 'page';
  readonly epoch: number;
  readonly page: number;
  readonly members: readonly PlacedMember[];
}

export interface Delta {
  readonly kind: 'delta';
  /** Of the log up to the last of `tickets`. */
  readonly head: SignedDeltaHead;
  readonly tickets: readonly SignedTicket[];
}

export interface Leave {
  readonly kind: 'leave';
}

/** Who is no member any more, of late, and why: for people, who see it on a page. */
export interface Removals {
  readonly kind: 'removals';
  readonly removed: readonly Removal[];
}

export type TrackerMessage =
  | Join
  | Welcome
  | Refused
  | Ping
  | Pong
  | EpochAsk
  | Epoch
  | PageAsk
  | Page
  | Delta
  | Leave
  | Removals;

/** Room for a proof in a ping: a briefcase's exhibit with its statements, for packets of usual size. */
export const EVIDENCE_ROOM = 4096;
export const MAX_TOKEN_BYTES = 1024;
/** As `VRF_CERTIFICATE_BYTES` of crypto. */
export const MAX_CERTIFICATE_BYTES = 4096;
export const MAX_HELPERS = 8;
/** Of the latest: half of a large audience may go at once. */
export const MAX_SUSPECTS = 1024;
export const MAX_REMOVALS = 64;
const REMOVAL_BYTES = 4 + 1 + 4;
/** Tickets of one answer. */
export const MAX_TICKETS = 32;

const KINDS: readonly TrackerMessage['kind'][] = [
  'join',
  'welcome',
  'refused',
  'ping',
  'pong',
  'epoch-ask',
  'epoch',
  'page-ask',
  'page',
  'delta',
  'leave',
  'removals',
];
const REMOVAL_REASONS: readonly RemovalReason[] = ['convicted', 'silent', 'left', 'replaced'];
const REASONS: readonly RefusalReason[] = ['busy', 'not-admitted', 'full'];

/** What a newcomer signs: everything but the signature. */
export function joinBody(join: Omit<Join, 'kind' | 'signature'>): Uint8Array {
  const writer = createWriter(1024);
  writeJoinBody(writer, join);
  return writer.finish();
}

function writeJoinBody(writer: Writer, join: Omit<Join, 'kind' | 'signature'>): void {
  writer.fixed(join.publicKey);
  writer.fixed(join.vrfKey);
  writer.bytes(join.certificate);
  writer.text(join.address);
  writer.bytes(join.token);
}

export function writeTrackerMessage(writer: Writer, message: TrackerMessage): void {
  writer.u8(KINDS.indexOf(message.kind));
  switch (message.kind) {
    case 'join':
      writeJoinBody(writer, message);
      writer.fixed(message.signature);
      break;
    case 'welcome':
      writeTicket(writer, message.ticket);
      writeEpochHead(writer, message.head);
      writer.list(message.helpers, (helper) => writeMember(writer, helper));
      break;
    case 'refused':
      writer.u8(REASONS.indexOf(message.reason));
      writer.u32(message.retryAfterMs);
      break;
    case 'ping':
      writePing(writer, message);
      break;
    case 'pong':
      writer.u32(message.nonce);
      writer.f64(message.sessionMs);
      writer.fixed(message.signature);
      writer.u32(message.epoch);
      writer.list(message.suspects, (id) => writer.u32(id));
      break;
    case 'epoch-ask':
      writer.u32(message.epoch);
      break;
    case 'epoch':
      writeEpochHead(writer, message.head);
      break;
    case 'page-ask':
      writer.u32(message.epoch);
      writer.bytes(message.wanted);
      break;
    case 'page':
      writer.u32(message.epoch);
      writer.u32(message.page);
      writePage(writer, message.members);
      break;
    case 'delta':
      writeDelta(writer, message.head);
      writer.list(message.tickets, (ticket) => writeTicket(writer, ticket));
      break;
    case 'leave':
      break;
    case 'removals':
      writer.list(message.removed, ({ id, why, round }) => {
        writer.u32(id);
        writer.u8(REMOVAL_REASONS.indexOf(why));
        writer.u32(round);
      });
      break;
    default:
      unreachable(message);
  }
}

function readRemoval(reader: Reader): Removal {
  const id = reader.u32();
  const why = REMOVAL_REASONS[reader.u8()];
  if (why === undefined) reader.fail();
  return { id, why: why ?? 'silent', round: reader.u32() };
}

function writePing(writer: Writer, { nonce, epoch, known, wantsTickets, evidence }: Ping): void {
  writer.u32(nonce);
  writer.u32(epoch);
  writer.u32(known);
  writer.bool(wantsTickets);
  writer.bytes(evidence);
  writer.fixed(new Uint8Array(EVIDENCE_ROOM - evidence.length));
}

function readPing(reader: Reader): Ping {
  const [nonce, epoch, known] = [reader.u32(), reader.u32(), reader.u32()];
  const wantsTickets = reader.bool();
  const evidence = reader.bytes(EVIDENCE_ROOM);
  const padding = reader.fixed(EVIDENCE_ROOM - evidence.length);
  if (padding.some((byte) => byte !== 0)) reader.fail();
  return { kind: 'ping', nonce, epoch, known, wantsTickets, evidence };
}

const readJoin = (reader: Reader): Join => ({
  kind: 'join',
  publicKey: reader.fixed(PUBLIC_KEY_BYTES),
  vrfKey: reader.fixed(VRF_PUBLIC_KEY_BYTES),
  certificate: reader.bytes(MAX_CERTIFICATE_BYTES),
  address: reader.text(MAX_ADDRESS_BYTES),
  token: reader.bytes(MAX_TOKEN_BYTES),
  signature: reader.fixed(SIGNATURE_BYTES),
});

function readRefused(reader: Reader): Refused {
  const reason = REASONS[reader.u8()];
  if (reason === undefined) reader.fail();
  return { kind: 'refused', reason: reason ?? 'busy', retryAfterMs: reader.u32() };
}

const readPong = (reader: Reader): Pong => ({
  kind: 'pong',
  nonce: reader.u32(),
  sessionMs: reader.f64(),
  signature: reader.fixed(SIGNATURE_BYTES),
  epoch: reader.u32(),
  suspects: reader.list(MAX_SUSPECTS, 4, () => reader.u32()),
});

/** The message; the reader has failed if it is none. */
export function readTrackerMessage(reader: Reader): TrackerMessage {
  const kind = KINDS[reader.u8()];
  switch (kind) {
    case 'join':
      return readJoin(reader);
    case 'welcome':
      return {
        kind,
        ticket: readTicket(reader),
        head: readEpochHead(reader),
        helpers: reader.list(MAX_HELPERS, MEMBER_LEAST_BYTES, () => readMember(reader)),
      };
    case 'refused':
      return readRefused(reader);
    case 'ping':
      return readPing(reader);
    case 'pong':
      return readPong(reader);
    case 'epoch-ask':
      return { kind, epoch: reader.u32() };
    case 'epoch':
      return { kind, head: readEpochHead(reader) };
    case 'page-ask':
      return { kind, epoch: reader.u32(), wanted: reader.bytes(MAX_PAGES / 8) };
    case 'page':
      return { kind, epoch: reader.u32(), page: reader.u32(), members: readPage(reader) };
    case 'delta':
      return {
        kind,
        head: readDelta(reader),
        tickets: reader.list(MAX_TICKETS, TICKET_LEAST_BYTES, () => readTicket(reader)),
      };
    case 'leave':
      return { kind };
    case 'removals':
      return { kind, removed: reader.list(MAX_REMOVALS, REMOVAL_BYTES, () => readRemoval(reader)) };
    case undefined:
      reader.fail();
      return { kind: 'leave' };
    default:
      return unreachable(kind);
  }
}

export const trackerCodec: MessageCodec<TrackerMessage> = {
  encode: (message) => {
    const writer = createWriter();
    writeTrackerMessage(writer, message);
    return writer.finish();
  },
  decode: (bytes) => {
    const reader = createReader(bytes);
    return reader.finish(readTrackerMessage(reader));
  },
};

const headBytes = ({ head }: SignedEpochHead): number =>
  12 + 4 + PAGE_HEAD_BYTES * head.pages.length + SIGNATURE_BYTES;
const sum = <T>(items: readonly T[], size: (item: T) => number): number =>
  items.reduce((total, item) => total + size(item), 0);

/** Bytes that the codec makes of a message. */
export function trackerMessageBytes(message: TrackerMessage): number {
  switch (message.kind) {
    case 'join':
      return 1 + joinBody(message).length + SIGNATURE_BYTES;
    case 'welcome':
      return (
        1 + ticketBytes(message.ticket) + headBytes(message.head) + 4 + sum(message.helpers, memberBytes)
      );
    case 'refused':
      return 6;
    case 'ping':
      return 1 + 13 + 4 + EVIDENCE_ROOM;
    case 'pong':
      return 1 + 4 + 8 + SIGNATURE_BYTES + 4 + 4 + 4 * message.suspects.length;
    case 'epoch-ask':
      return 5;
    case 'epoch':
      return 1 + headBytes(message.head);
    case 'page-ask':
      return 5 + 4 + message.wanted.length;
    case 'page':
      return 1 + 8 + pageBytes(message.members);
    case 'delta':
      return 1 + 40 + SIGNATURE_BYTES + 4 + sum(message.tickets, ticketBytes);
    case 'leave':
      return 1;
    case 'removals':
      return 1 + 4 + REMOVAL_BYTES * message.removed.length;
    default:
      return unreachable(message);
  }
}
