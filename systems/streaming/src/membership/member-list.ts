/**
 * Who is in the stream. A list is signed as a whole, and its digest enters every draw of a partner, so nobody can be made to draw from
 * a list that others do not have. In BAR Gossip it is made before the start and never changes; in FlightPath there is one per epoch
 * (`epoch-list.ts`).
 *
 *   body: u32 epoch | u32 count | for each: u32 id | 32 bytes key | 256 bytes VRF key
 */

import {
  type Hash,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  tagged,
  VRF_PUBLIC_KEY_BYTES,
} from '@concordat/crypto';
import type { Digest, NodeId } from '@concordat/kernel';
import { createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import type { Signer, StreamKeys } from '../keys.ts';
import { signedBytes } from '../statement.ts';

/** One peer. Ids are below 2^32 and ascend in a list. */
export interface Member extends Signer {
  readonly vrfKey: Uint8Array;
}

/** What a trade needs to know of those who may take part in it. */
export interface Members {
  readonly epoch: number;
  /** Enters every draw. */
  readonly digest: Digest;
  /** The member `id`; undefined for somebody who is none, or is not known here. */
  memberOf(id: NodeId): Signer | undefined;
  /** All that are known here. */
  readonly members: Iterable<Signer>;
}

/** All of them, by ascending id. */
export interface MemberList<M extends Signer = Signer> extends Members {
  readonly members: readonly M[];
  memberOf(id: NodeId): M | undefined;
}

export interface SignedMemberList {
  readonly list: MemberList<Member>;
  readonly signature: Uint8Array;
}

export const MAX_MEMBERS = 65_536;
const MEMBER_BYTES = 4 + PUBLIC_KEY_BYTES + VRF_PUBLIC_KEY_BYTES;

function bodyOf(epoch: number, members: readonly Member[]): Uint8Array {
  const writer = createWriter(8 + MEMBER_BYTES * members.length);
  writer.u32(epoch);
  writer.list(members, (member) => writeMember(writer, member));
  return writer.finish();
}

function writeMember(writer: Writer, { id, publicKey, vrfKey }: Member): void {
  writer.u32(id);
  writer.fixed(publicKey);
  writer.fixed(vrfKey);
}

const readMember = (reader: Reader): Member => ({
  id: reader.u32(),
  publicKey: reader.fixed(PUBLIC_KEY_BYTES),
  vrfKey: reader.fixed(VRF_PUBLIC_KEY_BYTES),
});

const isAscending = (members: readonly Member[]): boolean =>
  members.every((member, i) => i === 0 || (members[i - 1] as Member).id < member.id);

/** A list from its members, by ascending id. */
export const createMemberList = (hash: Hash, epoch: number, members: readonly Member[]): MemberList<Member> =>
  listMembers(epoch, members, tagged(hash, 'stream-members', bodyOf(epoch, members)));

/** `members` as a list of the given digest. */
export function listMembers<M extends Signer>(
  epoch: number,
  members: readonly M[],
  digest: Digest,
): MemberList<M> {
  const byId = new Map(members.map((member) => [member.id, member]));
  return { epoch, members, digest, memberOf: (id) => byId.get(id) };
}

export const signMemberList = (
  keys: StreamKeys,
  stream: Digest,
  list: MemberList<Member>,
): SignedMemberList => ({
  list,
  signature: keys.sign(signedBytes(stream, 'members', bodyOf(list.epoch, list.members))),
});

export const isMemberListSignedBy = (
  keys: Pick<StreamKeys, 'verify'>,
  stream: Digest,
  signer: Signer,
  { list, signature }: SignedMemberList,
): boolean =>
  keys.verify(signer, signedBytes(stream, 'members', bodyOf(list.epoch, list.members)), signature);

export function encodeMemberList({ list, signature }: SignedMemberList): Uint8Array {
  const writer = createWriter();
  writer.fixed(bodyOf(list.epoch, list.members));
  writer.fixed(signature);
  return writer.finish();
}

/** Null unless canonical; whether it is signed is for `isMemberListSignedBy`. */
export function decodeMemberList(hash: Hash, bytes: Uint8Array): SignedMemberList | null {
  const reader = createReader(bytes);
  const epoch = reader.u32();
  const members = reader.list(MAX_MEMBERS, MEMBER_BYTES, () => readMember(reader));
  const signature = reader.fixed(SIGNATURE_BYTES);
  if (reader.failed || !isAscending(members)) return null;
  return reader.finish({ list: createMemberList(hash, epoch, members), signature });
}
