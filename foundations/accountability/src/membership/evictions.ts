/**
 * Who was evicted, since when, for what and by which proof: a list that only grows, signed by the membership authority, in versions
 * that follow each other without a gap (one per epoch, or more often). What is signed is short - the head of a hash chain over the
 * list, and the head of the version before - so an authority that shows different lists to different members convicts itself
 * as soon as the two statements meet. As it only grows, its first n entries are the list as it was: whoever decides by it names
 * n, and is judged by what it knew.
 *
 *   signed   u53 version | u32 count | 32 bytes head | u32 former count | 32 bytes former head
 *   list     u53 version | u32 former count | u32 count, each: eviction | 64 bytes signature
 *   eviction u53 member | u53 epoch | u53 round | u32 length, rule | 32 bytes digest of the proof
 *   alone    u8 format (2) | list
 */

import {
  CHAIN_START,
  chain,
  DIGEST_BYTES,
  type Hash,
  type Keys,
  SIGNATURE_BYTES,
  tagged,
} from '@concordat/crypto';
import { assert, type Digest, type NodeId } from '@concordat/kernel';
import { createReader, createWriter, equalBytes, type Reader, type Writer } from '@concordat/wire';
import { type Proof, type ProofContext, type Rule, verifyProof } from '../proof.ts';
import { encodeProof } from '../proof-codec.ts';
import { isKind, isSignedBy, MAX_KIND_BYTES, type SignedStatement, signStatement } from '../statement.ts';
import { AUTHORITY } from './members.ts';

const FORMAT = 2;
/** Without its rule. */
const EVICTION_BYTES = 3 * 8 + 4 + DIGEST_BYTES;
/** With the shortest of rules. */
export const EVICTION_LEAST_BYTES = EVICTION_BYTES + 1;
const LIST_BYTES = 8 + 4 + 4 + SIGNATURE_BYTES;

/** Of all times. A list of that many is 8 MB at most, and a group that needs more has other troubles. */
export const MAX_EVICTIONS = 65_536;
export const MAX_EVICTION_LIST_BYTES = 1 + LIST_BYTES + MAX_EVICTIONS * (EVICTION_BYTES + MAX_KIND_BYTES);

export const EVICTIONS = 'evictions';

export interface Eviction {
  readonly member: NodeId;
  /** The first round in which nobody owes the member anything any more. Epoch 0 where rounds are counted through. */
  readonly epoch: number;
  readonly round: number;
  /** Name of the rule that it broke. */
  readonly rule: string;
  /** Of the bytes of the proof, which travels on its own: `proofDigest`. */
  readonly proof: Digest;
}

export interface EvictionList {
  /** Counts up by one. */
  readonly version: number;
  /** How many of the evictions the version before had; zero before the first. */
  readonly formerCount: number;
  /** In the order in which they took effect, one per member. */
  readonly entries: readonly Eviction[];
  readonly signature: Uint8Array;
}

/** Before the first version: nobody has been evicted, which needs no signature. */
export const NO_EVICTIONS: EvictionList = {
  version: -1,
  formerCount: 0,
  entries: [],
  signature: new Uint8Array(SIGNATURE_BYTES),
};

/** @param proof its bytes, as they are kept and passed on */
export const proofDigest = (hash: Hash, proof: Uint8Array): Digest => tagged(hash, 'proof', proof);

export function writeEviction(writer: Writer, { member, epoch, round, rule, proof }: Eviction): void {
  writer.u53(member);
  writer.u53(epoch);
  writer.u53(round);
  writer.text(rule);
  writer.fixed(proof);
}

function evictionBytes(eviction: Eviction): Uint8Array {
  const writer = createWriter(EVICTION_BYTES + MAX_KIND_BYTES);
  writeEviction(writer, eviction);
  return writer.finish();
}

export function readEviction(reader: Reader): Eviction {
  const eviction = {
    member: reader.u53(),
    epoch: reader.u53(),
    round: reader.u53(),
    rule: reader.text(MAX_KIND_BYTES),
    proof: reader.fixed(DIGEST_BYTES),
  };
  if (!isKind(eviction.rule)) reader.fail();
  return eviction;
}

type Unsigned = Omit<EvictionList, 'signature'>;

/** What is signed of a list. */
function bodyOf(hash: Hash, { version, formerCount, entries }: Unsigned): Uint8Array {
  let head = CHAIN_START;
  let former = CHAIN_START;
  entries.forEach((eviction, i) => {
    head = chain(hash, head, evictionBytes(eviction));
    if (i + 1 === formerCount) former = head;
  });
  const writer = createWriter(96);
  writer.u53(version);
  writer.u32(entries.length);
  writer.fixed(head);
  writer.u32(formerCount);
  writer.fixed(former);
  return writer.finish();
}

function readBody(body: Uint8Array) {
  const r = createReader(body);
  const present = { version: r.u53(), count: r.u32(), head: r.fixed(DIGEST_BYTES) };
  return r.finish({ ...present, formerCount: r.u32(), formerHead: r.fixed(DIGEST_BYTES) });
}

/** The version after `former` with `added` at its end, signed by the authority. */
export function signEvictions(
  keys: Pick<Keys, 'hash' | 'sign'>,
  cluster: Digest,
  former: EvictionList,
  added: readonly Eviction[],
): EvictionList {
  const entries = [...former.entries, ...added];
  assert(isInOrder(entries), 'evictions are listed as they took effect, one per member');
  assert(entries.length <= MAX_EVICTIONS, 'a list of evictions is bounded');
  const list = { version: former.version + 1, formerCount: former.entries.length, entries };
  const { signature } = signStatement(keys, cluster, EVICTIONS, bodyOf(keys.hash, list));
  return { ...list, signature };
}

/** What the authority signed for a list, as evidence against it. */
export const evictionStatement = (hash: Hash, list: EvictionList): SignedStatement => ({
  kind: EVICTIONS,
  body: bodyOf(hash, list),
  signature: list.signature,
});

/** True if the authority signed the list. */
export const isEvictionList = (
  keys: Pick<Keys, 'hash' | 'verify'>,
  cluster: Digest,
  list: EvictionList,
): boolean => isSignedBy(keys.verify, cluster, AUTHORITY, evictionStatement(keys.hash, list));

/** True if the proof is the one that the eviction names, and convicts its member of what it says. */
export function isJustified(hash: Hash, eviction: Eviction, proof: Proof, context: ProofContext): boolean {
  if (proof.accused !== eviction.member || proof.rule !== eviction.rule) return false;
  if (!equalBytes(proofDigest(hash, encodeProof(proof)), eviction.proof)) return false;
  return verifyProof(proof, context).valid;
}

export const evictionsByMember = ({ entries }: EvictionList): ReadonlyMap<NodeId, Eviction> =>
  new Map(entries.map((eviction) => [eviction.member, eviction]));

const hasBegun = (eviction: Eviction, round: number, epoch: number): boolean =>
  eviction.epoch < epoch || (eviction.epoch === epoch && eviction.round <= round);

/** True if the first `count` entries evict `member` from `round` of `epoch`, or earlier, on. */
export function isEvicted(
  entries: readonly Eviction[],
  count: number,
  member: NodeId,
  round: number,
  epoch = 0,
): boolean {
  for (let i = 0; i < count; i++) {
    const entry = entries[i];
    if (entry !== undefined && entry.member === member && hasBegun(entry, round, epoch)) return true;
  }
  return false;
}

/** How many of the first entries everybody must know of in `round` of `epoch`. */
export function effectiveEvictions(entries: readonly Eviction[], round: number, epoch = 0): number {
  let count = 0;
  while (count < entries.length && hasBegun(entries[count] as Eviction, round, epoch)) count++;
  return count;
}

/** True if `later` has all of `former`'s evictions, at its beginning. */
const continues = (later: EvictionList, former: EvictionList): boolean =>
  later.entries.length >= former.entries.length &&
  former.entries.every((one, i) =>
    equalBytes(evictionBytes(one), evictionBytes(later.entries[i] as Eviction)),
  );

/**
 * What to keep of two lists of the authority: the later one if it continues the other. Null if it does not, or if they are two
 * of one version: then the authority lied, and `evictionStatement` of both goes to `createProof` under `two-eviction-lists`
 * (for versions far apart, those in between convict it).
 */
export function mergeEvictions(hash: Hash, a: EvictionList, b: EvictionList): EvictionList | null {
  const [former, later] = a.version <= b.version ? [a, b] : [b, a];
  if (former.version === later.version) {
    return equalBytes(bodyOf(hash, former), bodyOf(hash, later)) ? former : null;
  }
  return continues(later, former) && later.formerCount >= former.entries.length ? later : null;
}

/**
 * No authority signs two versions of which the later does not continue the former. It keeps what it signed, durably, before
 * anyone sees it; an authority that forgets is as bad as one that lies, because members act on what it said.
 */
export const TWO_EVICTION_LISTS: Rule = {
  name: 'two-eviction-lists',
  kind: EVICTIONS,
  convicts: (a, b) => {
    const [one, other] = [readBody(a), readBody(b)];
    if (one === null || other === null) return false;
    const [former, later] = one.version <= other.version ? [one, other] : [other, one];
    if (former.version === later.version) return true;
    if (later.formerCount < former.count) return true;
    if (later.formerCount === former.count) return !equalBytes(later.formerHead, former.head);
    return later.version === former.version + 1;
  },
  explain: ({ statements: [a, b] }) =>
    `the membership authority signed lists of evictions, versions ${readBody(a.body)?.version} and ${readBody(b.body)?.version}, that do not continue each other`,
};

/** True if its entries are in order, one per member, and its former version had some of them. */
export const isWellFormed = ({ version, formerCount, entries }: EvictionList): boolean =>
  formerCount <= entries.length && (version > 0 || formerCount === 0) && isInOrder(entries);

function isInOrder(evictions: readonly Eviction[]): boolean {
  const members = new Set(evictions.map(({ member }) => member));
  return (
    members.size === evictions.length &&
    evictions.every((eviction, i) => {
      const former = evictions[i - 1];
      if (former === undefined) return true;
      return (
        eviction.epoch > former.epoch || (eviction.epoch === former.epoch && eviction.round >= former.round)
      );
    })
  );
}

/** Bytes that `writeEvictions` makes of a list. */
export const evictionListBytes = ({ entries }: EvictionList): number =>
  entries.reduce((sum, { rule }) => sum + EVICTION_BYTES + rule.length, LIST_BYTES);

export function writeEvictions(writer: Writer, list: EvictionList): void {
  writer.u53(list.version);
  writer.u32(list.formerCount);
  writer.list(list.entries, (eviction) => writeEviction(writer, eviction));
  writer.fixed(list.signature);
}

/** The list in a message from anyone, with `max` entries at most; the reader has failed if it is none. */
export function readEvictions(reader: Reader, max = MAX_EVICTIONS): EvictionList {
  const version = reader.u53();
  const formerCount = reader.u32();
  const entries = reader.list(max, EVICTION_LEAST_BYTES, () => readEviction(reader));
  const signature = reader.fixed(SIGNATURE_BYTES);
  const list = { version, formerCount, entries, signature };
  if (!isWellFormed(list)) reader.fail();
  return list;
}

export function encodeEvictions(list: EvictionList): Uint8Array {
  const writer = createWriter(1 + evictionListBytes(list));
  writer.u8(FORMAT);
  writeEvictions(writer, list);
  return writer.finish();
}

/** The list in bytes from anyone; null unless canonical. Whose it is, is for `isEvictionList`. */
export function decodeEvictions(bytes: Uint8Array): EvictionList | null {
  if (bytes.length > MAX_EVICTION_LIST_BYTES) return null;
  const reader = createReader(bytes);
  return reader.u8() === FORMAT ? reader.finish(readEvictions(reader)) : null;
}
