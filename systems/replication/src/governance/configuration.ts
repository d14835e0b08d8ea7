/**
 * A configuration: who orders, under which keys, for which faults, and by which rules. Everything that a command may
 * change while the federation runs is in here, as canonical bytes that its digest names (DESIGN section 9, rule 12).
 * Ids are permanent: whoever leaves is listed as retired, and nobody ever gets that id again.
 *
 *   u8 version (1; 2 with associates) | u53 epoch | u16 u | u16 r | u16 spare | u8 order | u8 flags (1 speculates, 2 commits fast,
 *   4 tells clients only while all are near, 8 admits by a request quorum) | u53 service version |
 *   u32 count, members: u16 id | 32 bytes key | 32 bytes admin key | u32 length, contact |
 *   u32 count, retired: u16 id | only in version 2: u32 count, associates: u16 id | 32 bytes key | u32 length, contact
 */

import { type Hash, PUBLIC_KEY_BYTES, tagged } from '@concordat/crypto';
import { type Digest, FIRST_ASSOCIATE, MAX_ASSOCIATES, MAX_MEMBERS, type NodeId } from '@concordat/kernel';
import { createReader, createWriter, equalBytes, type Reader, type Writer } from '@concordat/wire';
import type { AdmissionName } from '../admission/admission.ts';
import { isMemberList, type ReplicaConfig } from '../config.ts';
import { type FaultModel, faultModelProblem, type Quorums, quorumsOf } from '../fault-model.ts';
import type { OrderName } from '../order/order-protocol.ts';
import { MAX_VERSION } from './announcement.ts';

/** One organisation's place in a configuration. */
export interface Delegate {
  /** Its domain. */
  readonly id: NodeId;
  /** Of its replica: signs statements and requests. */
  readonly key: Uint8Array;
  /** Of its administrators: approves what changes the federation. */
  readonly admin: Uint8Array;
  /** Where it is and how its links are told: for the edge, which alone reads it. */
  readonly contact: Uint8Array;
}

/**
 * A node that is fed the log and whose requests are ordered, in a domain of its own: it orders nothing, approves nothing and
 * vouches for nobody else.
 */
export type Associate = Omit<Delegate, 'admin'>;

export interface Configuration {
  /** 0 for the one that a federation begins with, then one more with each change. */
  readonly epoch: number;
  readonly faults: Required<FaultModel>;
  readonly order: OrderName;
  readonly speculates: boolean;
  readonly fastCommit: boolean;
  readonly commitOptimisation: boolean;
  /** What convinces members that a client asked: with a request quorum each has a filter node beside it. */
  readonly admission: AdmissionName;
  /** Version of the service's ordered state. */
  readonly version: number;
  /** By ascending id, as many as the fault model needs. */
  readonly members: readonly Delegate[];
  /** Ids of former members and associates, ascending. */
  readonly retired: readonly NodeId[];
  /** By ascending id. */
  readonly associates: readonly Associate[];
}

/** An address, a name and the digest of a certificate's key fit several times. */
export const MAX_CONTACT_BYTES = 512;

/** Epochs are part of view numbers, which have 53 bits. */
export const MAX_EPOCH = 2 ** 20;

const VERSION = 1;
const WITH_ASSOCIATES = 2;
const ORDERS: readonly OrderName[] = ['three-phase', 'speculative'];
const DELEGATE_BYTES = 2 + 2 * PUBLIC_KEY_BYTES + 4;
const ASSOCIATE_BYTES = 2 + PUBLIC_KEY_BYTES + 4;

export function writeConfiguration(w: Writer, c: Configuration): void {
  w.u8(c.associates.length === 0 ? VERSION : WITH_ASSOCIATES);
  w.u53(c.epoch);
  w.u16(c.faults.u);
  w.u16(c.faults.r);
  w.u16(c.faults.spare);
  w.u8(ORDERS.indexOf(c.order));
  w.u8(
    (c.speculates ? 1 : 0) |
      (c.fastCommit ? 2 : 0) |
      (c.commitOptimisation ? 4 : 0) |
      (c.admission === 'request-quorum' ? 8 : 0),
  );
  w.u53(c.version);
  w.list(c.members, ({ id, key, admin, contact }) => {
    w.u16(id);
    w.fixed(key);
    w.fixed(admin);
    w.bytes(contact);
  });
  w.list(c.retired, (id) => w.u16(id));
  if (c.associates.length === 0) return;
  w.list(c.associates, ({ id, key, contact }) => {
    w.u16(id);
    w.fixed(key);
    w.bytes(contact);
  });
}

/** A configuration as it was written; whether it can be run is for `configurationProblem`. */
export function readConfiguration(r: Reader): Configuration {
  const format = r.u8();
  const epoch = r.u53();
  const faults = { u: r.u16(), r: r.u16(), spare: r.u16() };
  const order = ORDERS[r.u8()];
  const flags = r.u8();
  const version = r.u53();
  const members = r.list(MAX_MEMBERS, DELEGATE_BYTES, () => readDelegate(r));
  const retired = r.list(MAX_MEMBERS + MAX_ASSOCIATES, 2, () => r.u16());
  const associates = format === WITH_ASSOCIATES ? readAssociates(r) : [];
  if (format !== VERSION && associates.length === 0) r.fail();
  if (order === undefined || flags > 15) r.fail();
  return {
    epoch,
    faults,
    order: order ?? 'three-phase',
    speculates: (flags & 1) !== 0,
    fastCommit: (flags & 2) !== 0,
    commitOptimisation: (flags & 4) !== 0,
    admission: (flags & 8) !== 0 ? 'request-quorum' : 'signature',
    version,
    members,
    retired,
    associates,
  };
}

const readAssociates = (r: Reader): Associate[] =>
  r.list(MAX_ASSOCIATES, ASSOCIATE_BYTES, () => ({
    id: r.u16(),
    key: r.fixed(PUBLIC_KEY_BYTES),
    contact: r.bytes(MAX_CONTACT_BYTES),
  }));

const readDelegate = (r: Reader): Delegate => ({
  id: r.u16(),
  key: r.fixed(PUBLIC_KEY_BYTES),
  admin: r.fixed(PUBLIC_KEY_BYTES),
  contact: r.bytes(MAX_CONTACT_BYTES),
});

export function encodeConfiguration(c: Configuration): Uint8Array {
  const writer = createWriter(1024);
  writeConfiguration(writer, c);
  return writer.finish();
}

export function decodeConfiguration(bytes: Uint8Array): Configuration | null {
  const reader = createReader(bytes);
  return reader.finish(readConfiguration(reader));
}

/** Names a configuration in approvals and in the digests of checkpoints. */
export const configurationDigest = (hash: Hash, c: Configuration): Digest =>
  tagged(hash, 'concordat configuration v1', encodeConfiguration(c));

export const configurationQuorums = (c: Configuration): Quorums => quorumsOf(c.faults);

export const delegateOf = (c: Configuration, id: NodeId): Delegate | null =>
  c.members.find((delegate) => delegate.id === id) ?? null;

export const associateOf = (c: Configuration, id: NodeId): Associate | null =>
  c.associates.find((associate) => associate.id === id) ?? null;

export const associateIds = (c: Configuration): NodeId[] => c.associates.map(({ id }) => id);

/** True if this can be the number of an associate, past or present. */
export const isAssociateId = (id: NodeId): boolean =>
  id >= FIRST_ASSOCIATE && id < FIRST_ASSOCIATE + MAX_ASSOCIATES;

/** Keys of all whose requests are believed under a configuration, by domain. */
export const keysIn = (c: Configuration): Map<NodeId, Uint8Array> =>
  new Map([...c.members, ...c.associates].map(({ id, key }): [NodeId, Uint8Array] => [id, key]));

export const memberIds = (c: Configuration): NodeId[] => c.members.map(({ id }) => id);

/** Why a configuration cannot be run, or null. */
export function configurationProblem(c: Configuration): string | null {
  const faults = faultModelProblem(c.faults);
  if (faults !== null) return faults;
  const quorums = quorumsOf(c.faults);
  if (c.members.length !== quorums.members)
    return `u = ${c.faults.u}, r = ${c.faults.r} and ${c.faults.spare} spare need ${quorums.members} members, here are ${c.members.length}`;
  if (!isMemberList(memberIds(c), quorums)) return `members are numbers below ${MAX_MEMBERS}, ascending`;
  if (c.order !== 'speculative' && c.faults.spare > 0) return 'only speculative ordering has spare members';
  if ([...c.members, ...c.associates].some(({ id }) => c.retired.includes(id)))
    return 'who has left cannot come back under its old number';
  if (c.retired.some((id, i) => id <= (c.retired[i - 1] ?? -1) || !(id < MAX_MEMBERS || isAssociateId(id))))
    return `former members are numbers below ${MAX_MEMBERS}, and former associates such from ${FIRST_ASSOCIATE} on, ascending`;
  if (c.associates.some(({ id }, i) => id <= (c.associates[i - 1]?.id ?? -1) || !isAssociateId(id)))
    return `associates are at most ${MAX_ASSOCIATES} numbers from ${FIRST_ASSOCIATE} on, ascending`;
  if (c.version < 1 || c.version > MAX_VERSION)
    return `a version of the service is a number from 1 to ${MAX_VERSION}`;
  if (c.epoch > MAX_EPOCH) return 'the federation has had too many epochs';
  if (c.members.some((one, i) => c.members.slice(0, i).some((other) => isKeyShared(one, other))))
    return 'two members have the same key';
  const isTaken = (one: Associate, i: number): boolean =>
    [...c.members, ...c.associates.slice(0, i)].some(({ key }) => equalBytes(key, one.key));
  return c.associates.some(isTaken) ? 'an associate has the key of another node' : null;
}

const isKeyShared = (a: Delegate, b: Delegate): boolean =>
  equalBytes(a.key, b.key) || equalBytes(a.admin, b.admin);

/** Nobody can approve anything where there are no admin keys: such a federation stays as it was configured. */
const NO_KEY = new Uint8Array(PUBLIC_KEY_BYTES);

/** The configuration of a federation that nobody governs. */
export const ungoverned = (config: ReplicaConfig): Configuration => ({
  epoch: 0,
  faults: { u: config.quorums.u, r: config.quorums.r, spare: config.quorums.spare },
  order: config.order,
  speculates: config.speculates,
  fastCommit: config.fastCommit,
  commitOptimisation: config.commitOptimisation,
  admission: config.admission,
  version: 1,
  members: config.members.map((id) => ({ id, key: NO_KEY, admin: NO_KEY, contact: new Uint8Array(0) })),
  retired: [],
  associates: config.associates.map((id) => ({ id, key: NO_KEY, contact: new Uint8Array(0) })),
});

/** What a replica runs by under a configuration; everything else is as its operator set it. */
export const runUnder = (config: ReplicaConfig, c: Configuration): ReplicaConfig => ({
  ...config,
  epoch: c.epoch,
  quorums: configurationQuorums(c),
  members: memberIds(c),
  order: c.order,
  speculates: c.speculates,
  fastCommit: c.fastCommit,
  commitOptimisation: c.commitOptimisation,
  admission: c.admission,
  associates: associateIds(c),
});
