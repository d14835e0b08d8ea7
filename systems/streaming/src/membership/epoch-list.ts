/**
 * The members with whom an epoch begins, as pages of 64 under one signed head: whoever has the head can check any page alone,
 * whoever it came from, so newcomers need not all fetch the list from the tracker.
 *
 *   head body: u32 epoch | u32 start round | u32 members | list of 32-byte page digests
 */

import { DIGEST_BYTES, type Hash, SIGNATURE_BYTES, tagged } from '@concordat/crypto';
import { assert, type Digest } from '@concordat/kernel';
import { createReader, createWriter, equalBytes, type Reader, type Writer } from '@concordat/wire';
import type { Signer, StreamKeys } from '../keys.ts';
import { signedBytes } from '../statement.ts';
import { MAX_MEMBERS } from './member-list.ts';
import { MEMBER_LEAST_BYTES, type PlacedMember, readMember, writeMember } from './ticket.ts';

export const PAGE_MEMBERS = 64;
export const MAX_PAGES = MAX_MEMBERS / PAGE_MEMBERS;

export interface EpochHead {
  readonly epoch: number;
  /** Its first round. */
  readonly startRound: number;
  readonly members: number;
  readonly pages: readonly Digest[];
}

export interface SignedEpochHead {
  readonly head: EpochHead;
  readonly signature: Uint8Array;
}

export const pagesFor = (members: number): number => Math.ceil(members / PAGE_MEMBERS);

/** Members of page `page` in a list of `members`. */
export const pageSize = (members: number, page: number): number =>
  Math.max(0, Math.min(PAGE_MEMBERS, members - page * PAGE_MEMBERS));

export const pageOf = (members: readonly PlacedMember[], page: number): readonly PlacedMember[] =>
  members.slice(page * PAGE_MEMBERS, (page + 1) * PAGE_MEMBERS);

function pageDigest(hash: Hash, epoch: number, page: number, members: readonly PlacedMember[]): Digest {
  const writer = createWriter(PAGE_MEMBERS * MEMBER_LEAST_BYTES);
  writer.u32(epoch);
  writer.u32(page);
  writePage(writer, members);
  return tagged(hash, 'stream-members-page', writer.finish());
}

/** The head over `members`, who stand by ascending id. */
export function createEpochHead(
  hash: Hash,
  epoch: number,
  startRound: number,
  members: readonly PlacedMember[],
): EpochHead {
  assert(members.length <= MAX_MEMBERS, 'an epoch has room for 65,536 members');
  const pages: Digest[] = [];
  for (let page = 0; page < pagesFor(members.length); page++)
    pages.push(pageDigest(hash, epoch, page, pageOf(members, page)));
  return { epoch, startRound, members: members.length, pages };
}

/** True if `members` are page `page` under this head. They may come from anyone. */
export function isPageOf(
  hash: Hash,
  head: EpochHead,
  page: number,
  members: readonly PlacedMember[],
): boolean {
  const expected = head.pages[page];
  return (
    expected !== undefined &&
    members.length === pageSize(head.members, page) &&
    equalBytes(pageDigest(hash, head.epoch, page, members), expected)
  );
}

function writeHeadBody(writer: Writer, { epoch, startRound, members, pages }: EpochHead): void {
  writer.u32(epoch);
  writer.u32(startRound);
  writer.u32(members);
  writer.list(pages, (digest) => writer.fixed(digest));
}

function readHeadBody(reader: Reader): EpochHead {
  const head = {
    epoch: reader.u32(),
    startRound: reader.u32(),
    members: reader.u32(),
    pages: reader.list(MAX_PAGES, DIGEST_BYTES, () => reader.fixed(DIGEST_BYTES)),
  };
  if (head.pages.length !== pagesFor(head.members)) reader.fail();
  return head;
}

export function headBody(head: EpochHead): Uint8Array {
  const writer = createWriter();
  writeHeadBody(writer, head);
  return writer.finish();
}

export function decodeHeadBody(bytes: Uint8Array): EpochHead | null {
  const reader = createReader(bytes);
  return reader.finish(readHeadBody(reader));
}

export const signEpochHead = (keys: StreamKeys, stream: Digest, head: EpochHead): SignedEpochHead => ({
  head,
  signature: keys.sign(signedBytes(stream, 'members', headBody(head))),
});

export const isEpochHeadSigned = (
  keys: Pick<StreamKeys, 'verify'>,
  stream: Digest,
  tracker: Signer,
  { head, signature }: SignedEpochHead,
): boolean => keys.verify(tracker, signedBytes(stream, 'members', headBody(head)), signature);

export function writeEpochHead(writer: Writer, { head, signature }: SignedEpochHead): void {
  writeHeadBody(writer, head);
  writer.fixed(signature);
}

export const readEpochHead = (reader: Reader): SignedEpochHead => ({
  head: readHeadBody(reader),
  signature: reader.fixed(SIGNATURE_BYTES),
});

export const writePage = (writer: Writer, members: readonly PlacedMember[]): void =>
  writer.list(members, (member) => writeMember(writer, member));

export const readPage = (reader: Reader): readonly PlacedMember[] =>
  reader.list(PAGE_MEMBERS, MEMBER_LEAST_BYTES, () => readMember(reader));
