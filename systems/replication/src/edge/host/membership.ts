/**
 * Who runs a service together, and for whom: the fault model, the members' cards and those of outside clients. All
 * members and clients have the same; its keys name the cluster in everything signed, so that parties with different
 * memberships never talk past each other unnoticed. Addresses are no part of that name: machines may move. Where the
 * members' cards have admin keys this is what the federation begins with, and commands change it while it runs.
 */

import type { Digest, NodeId } from '@concordat/kernel';
import { type Identity, RuntimeError, sha256 } from '@concordat/runtime';
import { fromHex, toHex, utf8 } from '@concordat/wire';
import type { ReplicaConfig } from '../../config.ts';
import { quorumsOf } from '../../fault-model.ts';
import { type Configuration, ungoverned } from '../../governance/configuration.ts';
import { isPresetName, type PresetName, presetProblem, presets } from '../../presets/index.ts';
import { encodeContact } from '../governance/contact.ts';
import {
  type Composition,
  cardsIn,
  domainsIn,
  executesApart,
  executorsProblem,
  filtersProblem,
  firstClientOf,
  isGoverned,
} from './stages.ts';

/** A client that is no member; its number among the domains follows the members'. */
export interface ClientCard {
  /** Lower-case letters, digits and dashes. */
  readonly name: string;
  /** Ed25519 public key in hexadecimal. */
  readonly key: string;
  /**
   * Hexadecimal SHA-256 of the public key of its link certificate. Replicas then know its connections, and only the
   * primary checks its signatures; without, each replica checks each.
   */
  readonly pin?: string;
}

export interface MemberCard extends ClientCard {
  /** Members know each other, and clients them, by it. */
  readonly pin: string;
  readonly host: string;
  readonly port: number;
  /** Where outside clients connect, on the same host. */
  readonly clientPort?: number;
  /**
   * Public key, in hexadecimal, of the administrators who approve changes for this member: not the member's own key, so
   * that whoever breaks into its machine changes nothing. All members have one, or nobody can change the federation.
   */
  readonly admin?: string;
}

export interface Membership {
  /** Failures of any kind to survive. */
  readonly u: number;
  /** Of these, lies. */
  readonly r: number;
  /** 2u + r + 1 of them, more in some presets; the order matters. */
  readonly members: readonly MemberCard[];
  /** u + max(u, r) + 1 of them, exactly with a preset whose members only order; the order matters. */
  readonly executors?: readonly MemberCard[];
  /** u + r + max(u, r) + 1 of them, exactly with a preset whose members order references; the order matters. */
  readonly filters?: readonly MemberCard[];
  readonly clients?: readonly ClientCard[];
  /** How members agree: `concordat` unless told. */
  readonly preset?: PresetName;
  /** Of the service, with which a federation that changes begins: 1 unless told. */
  readonly version?: number;
}

const KEY = /^[0-9a-f]{64}$/;
const NAME = /^[a-z][a-z0-9-]{0,30}$/;

/** The public half of an identity; with that of its administrators it can be part of a federation that changes. */
export const cardOf = (
  name: string,
  identity: Identity,
  address: { readonly host: string; readonly port: number; readonly clientPort?: number },
  admin?: Pick<Identity, 'publicKey'>,
): MemberCard => ({
  name,
  key: toHex(identity.publicKey),
  pin: identity.pin,
  ...address,
  ...(admin && { admin: toHex(admin.publicKey) }),
});

export const clientCardOf = (
  name: string,
  { publicKey, pin }: Pick<Identity, 'publicKey'> & Partial<Pick<Identity, 'pin'>>,
): ClientCard => ({ name, key: toHex(publicKey), ...(pin !== undefined && { pin }) });

/** Throws `bad-configuration` with what is wrong. */
export function checkMembership(membership: Membership): void {
  const problem = membershipProblem(membership);
  if (problem !== null) throw new RuntimeError('bad-configuration', `the membership is unusable: ${problem}`);
}

/** The preset of a membership, and the fault model that it runs. */
export function compositionOf({
  u,
  r,
  preset = 'concordat',
}: Pick<Membership, 'u' | 'r' | 'preset'>): Composition {
  const chosen = presets[preset];
  return { preset: chosen, faults: chosen.faults({ u, r }) };
}

function membershipProblem(membership: Membership): string | null {
  const { u, r, members, preset = 'concordat', version = 1 } = membership;
  if (!isPresetName(preset)) return `there is no preset '${preset}'`;
  if (!Number.isSafeInteger(version) || version < 1) return `${version} is no version of a service`;
  const problem = presetProblem(presets[preset], { u, r });
  if (problem !== null) return problem;
  const wanted = quorumsOf(compositionOf(membership).faults).members;
  if (members.length !== wanted) {
    return `u = ${u} and r = ${r} need ${wanted} members with the preset ${preset}, here are ${members.length}`;
  }
  const composition = compositionOf(membership);
  const unstaffed = executorsProblem(membership, composition) ?? filtersProblem(membership, composition);
  if (unstaffed !== null) return unstaffed;
  const seen = new Set<string>();
  for (const { name, key, pin } of cardsIn(membership)) {
    if (!NAME.test(name)) return `'${name}' is not a name of lower-case letters, digits and dashes`;
    if (!KEY.test(key)) return `the key of ${name} is not 64 hexadecimal digits`;
    if (seen.has(name) || seen.has(key)) return `the name or the key of ${name} occurs twice`;
    seen.add(name).add(key);
    if (pin === undefined) continue;
    if (!KEY.test(pin)) return `the pin of ${name} is not 64 hexadecimal digits`;
    if (seen.has(pin)) return `the pin of ${name} occurs twice`;
    seen.add(pin);
  }
  return adminProblem(membership, seen);
}

function adminProblem(membership: Membership, seen: Set<string>): string | null {
  const { members, executors = [], preset = 'concordat' } = membership;
  const staffed = executors.find(({ admin }) => admin !== undefined);
  if (staffed !== undefined)
    return `executor ${staffed.name} has an admin key: members alone approve changes, and who executes stays`;
  const isFiltered = presets[preset].settings.admission === 'request-quorum';
  if (isGoverned(membership) && executesApart(membership) && isFiltered)
    return 'filter nodes apart from members do not follow a change of these: where there are some, no card has an admin key';
  for (const { name, admin } of members) {
    if ((admin === undefined) !== (members[0]?.admin === undefined))
      return 'either all members have an admin key or none';
    if (admin === undefined) continue;
    if (!KEY.test(admin)) return `the admin key of ${name} is not 64 hexadecimal digits`;
    if (seen.has(admin)) return `the admin key of ${name} occurs twice`;
    seen.add(admin);
  }
  return null;
}

/** What governance begins with; null where nothing can change. Addresses are left out: hosts have the cards. */
export const genesisOf = (membership: Membership, config: ReplicaConfig): Configuration | null =>
  isGoverned(membership)
    ? {
        ...ungoverned(config),
        version: membership.version ?? 1,
        members: membership.members.map(({ name, key, pin, admin = '' }, id) => ({
          id,
          key: fromHex(key) ?? new Uint8Array(0),
          admin: fromHex(admin) ?? new Uint8Array(0),
          contact: encodeContact({ name, address: '', pin }),
        })),
      }
    : null;

/** 32 bytes that name the cluster. */
export function clusterOf(membership: Membership): Digest {
  const { u, r, members, executors = [], filters = [], clients = [] } = membership;
  const { preset = 'concordat', version = 1 } = membership;
  const line = ({ name, key, admin }: ClientCard & Pick<MemberCard, 'admin'>): string =>
    `${name} ${key}${admin === undefined ? '' : ` ${admin}`}\n`;
  const lines = (cards: readonly ClientCard[]): string => cards.map(line).join('');
  const stage = (name: string, cards: readonly ClientCard[]): string =>
    cards.length === 0 ? '' : `${name}\n${lines(cards)}`;
  const beside = stage('executors', executors) + stage('filters', filters);
  const begins = version === 1 ? '' : ` version ${version}`;
  return sha256(
    utf8(
      `concordat replicate v2\n${preset} ${u} ${r}${begins}\n${lines(members)}${beside}clients\n${lines(clients)}`,
    ),
  );
}

/** Of all nodes and outside clients, by their domain. */
export const publicKeysOf = (membership: Membership): Map<NodeId, Uint8Array> =>
  new Map([...domainsIn(membership)].map(([id, { key }]) => [id, fromHex(key) ?? new Uint8Array(0)]));

/** The domains of outside clients whose connections can be known, by pin. */
export function clientPins(membership: Membership): ReadonlyMap<string, number> {
  const first = firstClientOf(membership);
  return new Map(
    (membership.clients ?? []).flatMap(({ pin }, i) =>
      pin === undefined ? [] : [[pin, first + i] as const],
    ),
  );
}

/** The domain of a public key; throws `bad-configuration` if it belongs to nobody here. */
export function domainOf(membership: Membership, publicKey: Uint8Array): number {
  const key = toHex(publicKey);
  for (const [domain, card] of domainsIn(membership)) if (card.key === key) return domain;
  throw new RuntimeError('bad-configuration', `the key ${key} is in no card: add it at every member`);
}

/** Who has a card, but not one of this kind. */
export function misplaced(
  membership: Membership,
  id: NodeId,
  role: 'member' | 'executor' | 'filter node',
): RuntimeError {
  const name = domainsIn(membership).get(id)?.name;
  return new RuntimeError('bad-configuration', `the key of ${name} is on the card of no ${role}`);
}
