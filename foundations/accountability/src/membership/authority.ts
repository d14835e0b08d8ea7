/**
 * The membership authority: admits, evicts, and signs who is a member of each epoch. It can keep people out or let the wrong ones
 * in, but it cannot show different members different lists without convicting itself, and it evicts on proofs only, which all
 * can check. Identities must be costly, and making them so is the way of admission's business.
 *
 * Changes take effect at the start of an epoch, so that a key is listed before anyone knows what will be drawn with it.
 */

import { isCertifiedVrfKey, type Keys, type Signatures, type Vrf } from '@concordat/crypto';
import { assert, type Digest, type NodeId } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import type { Catalogue, Offence } from '../catalogue.ts';
import { type Proof, verifyProof } from '../proof.ts';
import { encodeProof } from '../proof-codec.ts';
import type { AdmissionPolicy } from './admission.ts';
import { type Application, isApplicantsOwn } from './application.ts';
import {
  type Eviction,
  type EvictionList,
  NO_EVICTIONS,
  proofDigest,
  signEvictions,
  TWO_EVICTION_LISTS,
} from './evictions.ts';
import {
  AUTHORITY,
  type Card,
  MAX_LISTED_MEMBERS,
  type MemberList,
  type MemberProof,
  proveMember,
  signMembers,
  TWO_MEMBER_LISTS,
  verifierOf,
} from './members.ts';

export type Admission =
  | { readonly admitted: true; readonly id: NodeId; readonly from: number }
  /** A clause for people: `the invite is used up`. */
  | { readonly admitted: false; readonly reason: string };

export type EvictionOutcome =
  | { readonly evicted: true; readonly eviction: Eviction }
  | { readonly evicted: false; readonly reason: string };

/** What all authorities offer, wherever their word comes from. A host authenticates whoever calls, and keeps what is signed. */
export interface MembershipAuthority {
  /** Lists the applicant from the next epoch on. Applying again with the key of a member is refused and changes nothing. */
  admit(application: Application): Admission;
  /**
   * Evicts the accused from `round` of the present epoch on (or that of whoever was evicted last, if that is later), if the
   * proof holds and what it proves is worth it.
   */
  evict(proof: Proof, round: number): EvictionOutcome;
  /** A member leaves of its own will: it is off the list from the next epoch on. */
  leave(id: NodeId): void;
  /** Begins the next epoch and signs its list. */
  advance(): MemberList;
  /** Null for an epoch that has not begun, or is too long ago. */
  membersOf(epoch: number): MemberList | null;
  /** The latest version. */
  evictions(): EvictionList;
  /** For members that do not want the whole list of the present epoch; null for whom is not on it. */
  proofOf(id: NodeId): MemberProof | null;
}

export interface AuthorityOptions {
  readonly cluster: Digest;
  /** With the authority's own key, under which `AUTHORITY` is known. */
  readonly keys: Keys;
  readonly signatures: Signatures;
  /** Null where the system draws nothing: then cards have no key for it. */
  readonly vrf: Vrf | null;
  readonly policy: AdmissionPolicy;
  readonly catalogue: Catalogue;
  /** Lists of former epochs that are kept. */
  readonly keptEpochs: number;
}

/** Everything that an authority must not forget, as plain data. */
export interface AuthorityState {
  epoch: number;
  nextId: NodeId;
  /** Everyone who ever was one, by ascending id: evidence names them for ever. */
  readonly cards: Map<NodeId, Card>;
  /** The same by signing key, in hexadecimal: no key is listed twice. */
  readonly ids: Map<string, NodeId>;
  readonly present: Set<NodeId>;
  lists: MemberList[];
  evictions: EvictionList;
}

const FIRST_EPOCH = 1;

/** The state of an authority that starts with an empty list, and in epoch 1. */
export function createAuthorityState({ keys, cluster }: AuthorityOptions): AuthorityState {
  return {
    epoch: FIRST_EPOCH,
    nextId: AUTHORITY + 1,
    cards: new Map(),
    ids: new Map(),
    present: new Set(),
    lists: [signMembers(keys, cluster, FIRST_EPOCH, [])],
    evictions: signEvictions(keys, cluster, NO_EVICTIONS, []),
  };
}

function refusalOf(
  options: AuthorityOptions,
  state: AuthorityState,
  application: Application,
): string | null {
  const { signatures, cluster, vrf, policy } = options;
  if (!isApplicantsOwn(signatures, cluster, application)) return 'the application is not signed by its key';
  const former = state.ids.get(toHex(application.signingKey));
  if (former !== undefined && state.present.has(former)) return `the key is already member ${former}`;
  if (former !== undefined) return 'the key was a member before, and keys do not come back';
  if (state.present.size >= MAX_LISTED_MEMBERS) return 'there is no room';
  const { vrfKey, vrfCertificate } = application;
  const isWellKeyed = vrf === null ? vrfKey.length === 0 : isCertifiedVrfKey(vrf, vrfKey, vrfCertificate);
  if (!isWellKeyed) return 'the key for draws is not certified';
  return policy.refusalOf(application, state.epoch);
}

function admit(options: AuthorityOptions, state: AuthorityState, application: Application): Admission {
  const reason = refusalOf(options, state, application);
  if (reason !== null) return { admitted: false, reason };
  const id = state.nextId++;
  const { signingKey, vrfKey, about } = application;
  state.cards.set(id, { id, signingKey, vrfKey, about });
  state.ids.set(toHex(signingKey), id);
  state.present.add(id);
  options.policy.onAdmitted(application);
  return { admitted: true, id, from: state.epoch + 1 };
}

function evict(
  options: AuthorityOptions,
  state: AuthorityState,
  proof: Proof,
  round: number,
): EvictionOutcome {
  const { cluster, signatures, catalogue, keys } = options;
  const refused = (reason: string): EvictionOutcome => ({ evicted: false, reason });
  if (!state.present.has(proof.accused)) return refused('the accused is no member');
  const verify = verifierOf(signatures, (id) => state.cards.get(id)?.signingKey);
  const verdict = verifyProof(proof, { cluster, verify, rules: catalogue.rules });
  if (!verdict.valid) return refused(verdict.reason);
  if (catalogue.offenceOf(proof.rule)?.severity !== 'eviction') return refused('it is worth a strike only');
  const last = state.evictions.entries.at(-1);
  const isLate = last !== undefined && last.epoch === state.epoch && last.round > round;
  const eviction = {
    member: proof.accused,
    epoch: state.epoch,
    round: isLate ? last.round : round,
    rule: proof.rule,
    proof: proofDigest(keys.hash, encodeProof(proof)),
  };
  state.evictions = signEvictions(keys, cluster, state.evictions, [eviction]);
  state.present.delete(proof.accused);
  return { evicted: true, eviction };
}

function advance({ keys, cluster, keptEpochs }: AuthorityOptions, state: AuthorityState): MemberList {
  const cards = [...state.cards.values()].filter(({ id }) => state.present.has(id));
  state.epoch += 1;
  const list = signMembers(keys, cluster, state.epoch, cards);
  state.lists = [...state.lists, list].slice(-keptEpochs - 1);
  return list;
}

/** An authority over `state`, which its host makes durable before anyone sees what a call returned. */
export function createAuthority(options: AuthorityOptions, state: AuthorityState): MembershipAuthority {
  assert(options.keptEpochs >= 0, 'an authority keeps at least the present list');
  return {
    admit: (application) => admit(options, state, application),
    evict: (proof, round) => evict(options, state, proof, round),
    leave: (id) => {
      state.present.delete(id);
    },
    advance: () => advance(options, state),
    membersOf: (epoch) => state.lists.find((list) => list.epoch === epoch) ?? null,
    evictions: () => state.evictions,
    proofOf: (id) => {
      const list = state.lists.at(-1);
      return list === undefined ? null : proveMember(options.keys.hash, list, id);
    },
  };
}

/** What the authority itself can be convicted of. Nobody evicts it; members leave it. */
export const authorityOffences: readonly Offence[] = [
  {
    rule: TWO_MEMBER_LISTS,
    sentence: 'The membership authority signs two lists for one epoch.',
    severity: 'eviction',
  },
  {
    rule: TWO_EVICTION_LISTS,
    sentence: 'The membership authority signs lists of evictions that do not continue each other.',
    severity: 'eviction',
  },
];
