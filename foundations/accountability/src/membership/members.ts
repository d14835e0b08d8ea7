/**
 * Who is a member in an epoch: cards with keys, in a list that the membership authority signs. What is signed is the root of a
 * Merkle tree over the cards, so one member can also be shown without the others. Identities must cost something, whoever hands
 * them out: with free ones no promise of these systems holds.
 *
 *   signed  u53 epoch | u32 count | 32 bytes root
 *   list    u8 format (1) | u53 epoch | u32 count, each: card | 64 bytes signature
 *   card    u53 id | 32 bytes signing key | u32 length (0 or 256), key of a random function | u32 length, about
 *   proof   u8 format (1) | signed | 64 bytes signature | u32 index | card | u32 count, each: 32 bytes
 */

import {
  DIGEST_BYTES,
  type Hash,
  type Keys,
  merkleProof,
  merkleRoot,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  type Signatures,
  tagged,
  VRF_PUBLIC_KEY_BYTES,
  verifyMerkle,
} from '@concordat/crypto';
import { assert, type Digest, type NodeId } from '@concordat/kernel';
import { createReader, createWriter, type Reader, toHex, type Writer } from '@concordat/wire';
import type { Rule } from '../proof.ts';
import { isSignedBy, type SignedStatement, signStatement } from '../statement.ts';

const FORMAT = 1;
const CARD_MIN_BYTES = 8 + PUBLIC_KEY_BYTES + 4 + 4;
const CARD_MAX_BYTES = CARD_MIN_BYTES + VRF_PUBLIC_KEY_BYTES + 512;
const TREE_DEPTH = 14;

/** What a system adds to a card: an address, a tub. */
export const MAX_ABOUT_BYTES = 512;

/** In one epoch; a list stays below a frame. */
export const MAX_LISTED_MEMBERS = 2 ** TREE_DEPTH;
export const MAX_MEMBER_LIST_BYTES = 1 + 8 + 4 + MAX_LISTED_MEMBERS * CARD_MAX_BYTES + SIGNATURE_BYTES;
export const MAX_MEMBER_PROOF_BYTES =
  1 + 8 + 4 + DIGEST_BYTES + SIGNATURE_BYTES + 4 + CARD_MAX_BYTES + 4 + TREE_DEPTH * DIGEST_BYTES;

/** The id under which the authority's key is known; members have others. */
export const AUTHORITY: NodeId = 0;

export const MEMBERS = 'members';

export interface Card {
  /** At least 1, and never given to another. */
  readonly id: NodeId;
  readonly signingKey: Uint8Array;
  /** Certified where it was admitted; empty where the system draws nothing. */
  readonly vrfKey: Uint8Array;
  readonly about: Uint8Array;
}

export interface MemberList {
  readonly epoch: number;
  /** By ascending id; no key twice. */
  readonly cards: readonly Card[];
  readonly signature: Uint8Array;
}

/** That one card is in the list of an epoch, without the rest of it. */
export interface MemberProof {
  readonly epoch: number;
  readonly count: number;
  readonly root: Digest;
  readonly signature: Uint8Array;
  readonly index: number;
  readonly card: Card;
  readonly path: readonly Digest[];
}

/** `Keys.verify` for participants whose public keys `keyOf` knows. */
export const verifierOf =
  (signatures: Signatures, keyOf: (id: NodeId) => Uint8Array | undefined): Keys['verify'] =>
  (signer, bytes, signature) => {
    const key = keyOf(signer);
    return key !== undefined && signatures.verifyWith(key, bytes, signature);
  };

function writeCard(writer: Writer, card: Card): void {
  writer.u53(card.id);
  writer.fixed(card.signingKey);
  writer.bytes(card.vrfKey);
  writer.bytes(card.about);
}

function readCard(reader: Reader): Card {
  const card = {
    id: reader.u53(),
    signingKey: reader.fixed(PUBLIC_KEY_BYTES),
    vrfKey: reader.bytes(VRF_PUBLIC_KEY_BYTES),
    about: reader.bytes(MAX_ABOUT_BYTES),
  };
  if (!isCard(card)) reader.fail();
  return card;
}

const isCard = ({ id, signingKey, vrfKey, about }: Card): boolean =>
  id > AUTHORITY &&
  signingKey.length === PUBLIC_KEY_BYTES &&
  (vrfKey.length === 0 || vrfKey.length === VRF_PUBLIC_KEY_BYTES) &&
  about.length <= MAX_ABOUT_BYTES;

function leafOf(hash: Hash, card: Card): Digest {
  const writer = createWriter(CARD_MAX_BYTES);
  writeCard(writer, card);
  return tagged(hash, 'member', writer.view());
}

const leavesOf = (hash: Hash, cards: readonly Card[]): Digest[] => cards.map((card) => leafOf(hash, card));

function bodyOf(epoch: number, count: number, root: Digest): Uint8Array {
  const writer = createWriter(64);
  writer.u53(epoch);
  writer.u32(count);
  writer.fixed(root);
  return writer.finish();
}

function readBody(body: Uint8Array) {
  const r = createReader(body);
  return r.finish({ epoch: r.u53(), count: r.u32(), root: r.fixed(DIGEST_BYTES) });
}

function isInOrder(cards: readonly Card[]): boolean {
  const isAscending = cards.every(({ id }, i) => i === 0 || (cards[i - 1] as Card).id < id);
  return isAscending && new Set(cards.map(({ signingKey }) => toHex(signingKey))).size === cards.length;
}

/** The list of an epoch, signed by the authority. */
export function signMembers(keys: Keys, cluster: Digest, epoch: number, cards: readonly Card[]): MemberList {
  assert(cards.length <= MAX_LISTED_MEMBERS, 'a list of members is bounded');
  assert(isInOrder(cards) && cards.every(isCard), 'cards are listed by ascending id, and no key twice');
  const root = merkleRoot(keys.hash, leavesOf(keys.hash, cards));
  const { signature } = signStatement(keys, cluster, MEMBERS, bodyOf(epoch, cards.length, root));
  return { epoch, cards, signature };
}

/** What binds the draws of an epoch to its list, and what two lists of one epoch convict by. */
export const memberStatement = (hash: Hash, { epoch, cards, signature }: MemberList): SignedStatement => ({
  kind: MEMBERS,
  body: bodyOf(epoch, cards.length, merkleRoot(hash, leavesOf(hash, cards))),
  signature,
});

/** True if the authority signed the list. */
export const isMemberList = (
  keys: Pick<Keys, 'hash' | 'verify'>,
  cluster: Digest,
  list: MemberList,
): boolean => isSignedBy(keys.verify, cluster, AUTHORITY, memberStatement(keys.hash, list));

/** The proof that a member is on the list; null if it is not. */
export function proveMember(
  hash: Hash,
  { epoch, cards, signature }: MemberList,
  id: NodeId,
): MemberProof | null {
  const index = cards.findIndex((card) => card.id === id);
  const card = cards[index];
  if (card === undefined) return null;
  const leaves = leavesOf(hash, cards);
  const root = merkleRoot(hash, leaves);
  return { epoch, count: cards.length, root, signature, index, card, path: merkleProof(hash, leaves, index) };
}

/** True if the authority put the card on the list of the epoch. */
export function isMember(keys: Pick<Keys, 'hash' | 'verify'>, cluster: Digest, proof: MemberProof): boolean {
  const { epoch, count, root, signature, index, card, path } = proof;
  const statement = { kind: MEMBERS, body: bodyOf(epoch, count, root), signature };
  if (!isSignedBy(keys.verify, cluster, AUTHORITY, statement)) return false;
  return verifyMerkle(keys.hash, { root, count, index, leaf: leafOf(keys.hash, card), proof: path });
}

/** An authority signs one list per epoch, and keeps it durably before anyone sees it. */
export const TWO_MEMBER_LISTS: Rule = {
  name: 'two-member-lists',
  kind: MEMBERS,
  convicts: (a, b) => {
    const [one, other] = [readBody(a), readBody(b)];
    return one !== null && other !== null && one.epoch === other.epoch;
  },
  explain: ({ statements: [a] }) =>
    `the membership authority signed two lists of members for epoch ${readBody(a.body)?.epoch}`,
};

export function encodeMembers({ epoch, cards, signature }: MemberList): Uint8Array {
  const writer = createWriter(1024);
  writer.u8(FORMAT);
  writer.u53(epoch);
  writer.list(cards, (card) => writeCard(writer, card));
  writer.fixed(signature);
  return writer.finish();
}

/** The list in bytes from anyone; null unless canonical. Whose it is, is for `isMemberList`. */
export function decodeMembers(bytes: Uint8Array): MemberList | null {
  if (bytes.length > MAX_MEMBER_LIST_BYTES) return null;
  const reader = createReader(bytes);
  if (reader.u8() !== FORMAT) return null;
  const epoch = reader.u53();
  const cards = reader.list(MAX_LISTED_MEMBERS, CARD_MIN_BYTES, () => readCard(reader));
  const list = reader.finish({ epoch, cards, signature: reader.fixed(SIGNATURE_BYTES) });
  return list !== null && isInOrder(cards) ? list : null;
}

export function encodeMemberProof(proof: MemberProof): Uint8Array {
  const writer = createWriter(1024);
  writer.u8(FORMAT);
  writer.fixed(bodyOf(proof.epoch, proof.count, proof.root));
  writer.fixed(proof.signature);
  writer.u32(proof.index);
  writeCard(writer, proof.card);
  writer.list(proof.path, (digest) => writer.fixed(digest));
  return writer.finish();
}

/** The proof in bytes from anyone; null unless canonical. Whether it holds is for `isMember`. */
export function decodeMemberProof(bytes: Uint8Array): MemberProof | null {
  if (bytes.length > MAX_MEMBER_PROOF_BYTES) return null;
  const reader = createReader(bytes);
  if (reader.u8() !== FORMAT) return null;
  const head = { epoch: reader.u53(), count: reader.u32(), root: reader.fixed(DIGEST_BYTES) };
  const signature = reader.fixed(SIGNATURE_BYTES);
  const index = reader.u32();
  const card = readCard(reader);
  const path = reader.list(TREE_DEPTH, DIGEST_BYTES, () => reader.fixed(DIGEST_BYTES));
  return reader.finish({ ...head, signature, index, card, path });
}
