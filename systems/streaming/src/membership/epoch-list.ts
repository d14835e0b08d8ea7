/**
 * The members with whom an epoch begins, by ascending id, as pages under one signed head: whoever has the head can check any page
 * alone, whoever it came from, so newcomers need not all fetch the list from the tracker. Pages are not cut anew for each epoch:
 * one that nobody left is the same in the next list (`nextPages`), and nobody fetches it again.
 *
 *   head body: u32 epoch | u32 start round | u32 members | list of (u8 members | u32 first id | 32 bytes digest)
 */

import { DIGEST_BYTES, type Hash, SIGNATURE_BYTES, tagged } from '@concordat/crypto';
import { assert, type Digest, type NodeId } from '@concordat/kernel';
import { createReader, createWriter, equalBytes, type Reader, type Writer } from '@concordat/wire';
import type { Signer, StreamKeys } from '../keys.ts';
import { signedBytes } from '../statement.ts';
import { MAX_MEMBERS } from './member-list.ts';
import { MEMBER_LEAST_BYTES, memberBytes, type PlacedMember, readMember, writeMember } from './ticket.ts';

/** Members of a page at most. Two neighbours have more than that together. */
export const PAGE_MEMBERS = 64;
export const MAX_PAGES = (2 * MAX_MEMBERS) / PAGE_MEMBERS;

/** One to 64 members by ascending id. */
export type MemberPage = readonly PlacedMember[];

export interface PageHead {
  /** Place of its first member in the list. */
  readonly start: number;
  readonly members: number;
  readonly firstId: NodeId;
  readonly digest: Digest;
}

export interface EpochHead {
  readonly epoch: number;
  /** Its first round. */
  readonly startRound: number;
  readonly members: number;
  readonly pages: readonly PageHead[];
}

export interface SignedEpochHead {
  readonly head: EpochHead;
  readonly signature: Uint8Array;
}

export const PAGE_HEAD_BYTES = 1 + 4 + DIGEST_BYTES;

interface Known {
  readonly hash: Hash;
  readonly digest: Digest;
  readonly bytes: number;
}

/** PERF: simulated peers pass on the same page, which nobody changes: of ten thousand, each would write and hash a megabyte. */
const known = new WeakMap<MemberPage, Known>();

function knownOf(hash: Hash, members: MemberPage): Known {
  const before = known.get(members);
  if (before?.hash === hash) return before;
  const writer = createWriter(PAGE_MEMBERS * MEMBER_LEAST_BYTES);
  writePage(writer, members);
  const bytes = writer.finish();
  const now = { hash, digest: tagged(hash, 'stream-members-page', bytes), bytes: bytes.length };
  known.set(members, now);
  return now;
}

const pageDigest = (hash: Hash, members: MemberPage): Digest => knownOf(hash, members).digest;

/** Bytes of a page as `writePage` makes them. */
export const pageBytes = (members: MemberPage): number =>
  known.get(members)?.bytes ?? 4 + members.reduce((sum, member) => sum + memberBytes(member), 0);

/** The head over a list in pages. */
export function createEpochHead(
  hash: Hash,
  epoch: number,
  startRound: number,
  list: readonly MemberPage[],
): EpochHead {
  const pages: PageHead[] = [];
  let start = 0;
  for (const members of list) {
    const [first] = members;
    assert(first !== undefined && members.length <= PAGE_MEMBERS, 'a page has 1 to 64 members');
    pages.push({ start, members: members.length, firstId: first.id, digest: pageDigest(hash, members) });
    start += members.length;
  }
  assert(start <= MAX_MEMBERS, 'an epoch has room for 65,536 members');
  return { epoch, startRound, members: start, pages };
}

/** True if `members` are page `page` under this head. They may come from anyone. */
export function isPageOf(hash: Hash, head: EpochHead, page: number, members: MemberPage): boolean {
  const expected = head.pages[page];
  return (
    expected !== undefined &&
    members.length === expected.members &&
    members[0]?.id === expected.firstId &&
    equalBytes(pageDigest(hash, members), expected.digest)
  );
}

/*
 * PERF: three searches and no closures: every message leads to a few of them, and each closure was 100 bytes for the collector.
 */

/** The page of a list in which `place` lies; -1 for a place behind it. */
export function pageOfPlace({ pages, members }: EpochHead, place: number): number {
  if (place >= members) return -1;
  let [low, high] = [0, pages.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pages[middle] as PageHead).start <= place) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The page that has `id` if any has; -1 if none can. */
export function pageOfId({ pages }: EpochHead, id: NodeId): number {
  let [low, high] = [0, pages.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pages[middle] as PageHead).firstId <= id) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Index of the member `id` in a page; -1 if it is not there. Ids ascend, so it stands no further behind the first than its id does. */
export function indexInPage(page: MemberPage, id: NodeId): number {
  const first = page[0];
  if (first === undefined || id < first.id) return -1;
  let index = Math.min(page.length - 1, id - first.id);
  // Nobody between them has left, mostly.
  if (page[index]?.id === id) return index;
  let low = 0;
  while (low < index) {
    const middle = (low + index) >>> 1;
    if ((page[middle] as PlacedMember).id < id) low = middle + 1;
    else index = middle;
  }
  return page[low]?.id === id ? low : -1;
}

function writeHeadBody(writer: Writer, { epoch, startRound, members, pages }: EpochHead): void {
  writer.u32(epoch);
  writer.u32(startRound);
  writer.u32(members);
  writer.list(pages, (page) => {
    writer.u8(page.members);
    writer.u32(page.firstId);
    writer.fixed(page.digest);
  });
}

function readHeadBody(reader: Reader): EpochHead {
  const [epoch, startRound, members] = [reader.u32(), reader.u32(), reader.u32()];
  let [start, lastId] = [0, -1];
  const pages = reader.list(MAX_PAGES, PAGE_HEAD_BYTES, () => {
    const page = { start, members: reader.u8(), firstId: reader.u32(), digest: reader.fixed(DIGEST_BYTES) };
    if (page.members === 0 || page.members > PAGE_MEMBERS || page.firstId <= lastId) reader.fail();
    start += page.members;
    lastId = page.firstId;
    return page;
  });
  if (start !== members || members > MAX_MEMBERS) reader.fail();
  return { epoch, startRound, members, pages };
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

export const writePage = (writer: Writer, members: MemberPage): void =>
  writer.list(members, (member) => writeMember(writer, member));

export const readPage = (reader: Reader): MemberPage =>
  reader.list(PAGE_MEMBERS, MEMBER_LEAST_BYTES, () => readMember(reader));
