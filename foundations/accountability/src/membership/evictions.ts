/**
 * Who was evicted, since when, and by which proof: a list that only grows, signed by the membership authority, in versions that
 * follow each other without a gap (one per epoch, or more often). What is signed is short - the head of a hash chain over the
 * list, and the head of the version before - so an authority that shows different lists to different members convicts itself
 * as soon as the two statements meet.
 *
 *   signed   u53 version | u32 count | 32 bytes head | u32 former count | 32 bytes former head
 *   list     u8 format (1) | u53 version | u32 former count | u32 count, each: eviction | 64 bytes signature
 *   eviction u53 member | u53 epoch | u53 round | 32 bytes digest of the proof
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
import { createReader, createWriter, equalBytes, type Reader } from '@concordat/wire';
import { type Proof, type ProofContext, type Rule, verifyProof } from '../proof.ts';
import { encodeProof } from '../proof-codec.ts';
import { isSignedBy, type SignedStatement, signStatement } from '../statement.ts';
import { AUTHORITY } from './members.ts';

const FORMAT = 1;
const EVICTION_BYTES = 3 * 8 + DIGEST_BYTES;

/** Of all times. A list of that many is 3.7 MB, and a group that needs more has other troubles. */
export const MAX_EVICTIONS = 65_536;
export const MAX_EVICTION_LIST_BYTES = 1 + 8 + 4 + 4 + MAX_EVICTIONS * EVICTION_BYTES + SIGNATURE_BYTES;

export const EVICTIONS = 'evictions';

export interface Eviction {
  readonly member: NodeId;
  /** The first round in which nobody owes the member anything any more. */
  readonly epoch: number;
  readonly round: number;
  /** Of the bytes of the proof, which travels on its own: `proofDigest`. */
  readonly proof: Digest;
}

export interface EvictionList {
  /** Counts up by one. */
  readonly version: number;
  /** How many of the evictions the version before had; zero before the first. */
  readonly formerCount: number;
  /** In the order in which they took effect, one per member. */
  readonly evictions: readonly Eviction[];
  readonly signature: Uint8Array;
}

export const proofDigest = (hash: Hash, proof: Proof): Digest => tagged(hash, 'proof', encodeProof(proof));

function evictionBytes({ member, epoch, round, proof }: Eviction): Uint8Array {
  const writer = createWriter(EVICTION_BYTES);
  writer.u53(member);
  writer.u53(epoch);
  writer.u53(round);
  writer.fixed(proof);
  return writer.finish();
}

const readEviction = (reader: Reader): Eviction => ({
  member: reader.u53(),
  epoch: reader.u53(),
  round: reader.u53(),
  proof: reader.fixed(DIGEST_BYTES),
});

type Unsigned = Omit<EvictionList, 'signature'>;

/** What is signed of a list. */
function bodyOf(hash: Hash, { version, formerCount, evictions }: Unsigned): Uint8Array {
  let head = CHAIN_START;
  let former = CHAIN_START;
  evictions.forEach((eviction, i) => {
    head = chain(hash, head, evictionBytes(eviction));
    if (i + 1 === formerCount) former = head;
  });
  const writer = createWriter(96);
  writer.u53(version);
  writer.u32(evictions.length);
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

/** The version after `former` (the first, if null) with `added` at its end, signed by the authority. */
export function signEvictions(
  keys: Keys,
  cluster: Digest,
  former: EvictionList | null,
  added: readonly Eviction[],
): EvictionList {
  const evictions = [...(former?.evictions ?? []), ...added];
  assert(isInOrder(evictions), 'evictions are listed as they took effect, one per member');
  assert(evictions.length <= MAX_EVICTIONS, 'a list of evictions is bounded');
  const version = former === null ? 0 : former.version + 1;
  const list = { version, formerCount: former?.evictions.length ?? 0, evictions };
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

/** True if the proof is the one that the eviction names, and convicts its member. */
export function isJustified(hash: Hash, eviction: Eviction, proof: Proof, context: ProofContext): boolean {
  if (proof.accused !== eviction.member || !equalBytes(proofDigest(hash, proof), eviction.proof))
    return false;
  return verifyProof(proof, context).valid;
}

export const evictionsByMember = ({ evictions }: EvictionList): ReadonlyMap<NodeId, Eviction> =>
  new Map(evictions.map((eviction) => [eviction.member, eviction]));

/** True if `later` has all of `former`'s evictions, at its beginning. */
const continues = (later: EvictionList, former: EvictionList): boolean =>
  later.evictions.length >= former.evictions.length &&
  former.evictions.every((one, i) =>
    equalBytes(evictionBytes(one), evictionBytes(later.evictions[i] as Eviction)),
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
  return continues(later, former) && later.formerCount >= former.evictions.length ? later : null;
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

export function encodeEvictions({ version, formerCount, evictions, signature }: EvictionList): Uint8Array {
  const writer = createWriter(128 + evictions.length * EVICTION_BYTES);
  writer.u8(FORMAT);
  writer.u53(version);
  writer.u32(formerCount);
  writer.list(evictions, (eviction) => writer.fixed(evictionBytes(eviction)));
  writer.fixed(signature);
  return writer.finish();
}

/** The list in bytes from anyone; null unless canonical. Whose it is, is for `isEvictionList`. */
export function decodeEvictions(bytes: Uint8Array): EvictionList | null {
  if (bytes.length > MAX_EVICTION_LIST_BYTES) return null;
  const reader = createReader(bytes);
  if (reader.u8() !== FORMAT) return null;
  const version = reader.u53();
  const formerCount = reader.u32();
  const evictions = reader.list(MAX_EVICTIONS, EVICTION_BYTES, () => readEviction(reader));
  const list = reader.finish({ version, formerCount, evictions, signature: reader.fixed(SIGNATURE_BYTES) });
  if (list === null || formerCount > evictions.length || !isInOrder(evictions)) return null;
  return version > 0 || formerCount === 0 ? list : null;
}
