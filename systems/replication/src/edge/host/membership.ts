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
import { type FaultModel, quorumsOf } from '../../fault-model.ts';
import { type Configuration, ungoverned } from '../../governance/configuration.ts';
import { isPresetName, type Preset, type PresetName, presetProblem, presets } from '../../presets/index.ts';
import { encodeContact } from '../governance/contact.ts';

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
  readonly clients?: readonly ClientCard[];
  /** How members agree: `concordat` unless told. */
  readonly preset?: PresetName;
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
export function compositionOf({ u, r, preset = 'concordat' }: Pick<Membership, 'u' | 'r' | 'preset'>): {
  readonly preset: Preset;
  readonly faults: FaultModel;
} {
  const chosen = presets[preset];
  return { preset: chosen, faults: chosen.faults({ u, r }) };
}

function membershipProblem(membership: Membership): string | null {
  const { u, r, members, clients = [], preset = 'concordat' } = membership;
  if (!isPresetName(preset)) return `there is no preset '${preset}'`;
  // Members would order for ever what nobody executes.
  if (presets[preset].settings.executes === false)
    return `the preset ${preset} needs executors beside its members, which are not hosted here`;
  const problem = presetProblem(presets[preset], { u, r });
  if (problem !== null) return problem;
  const wanted = quorumsOf(compositionOf(membership).faults).members;
  if (members.length !== wanted) {
    return `u = ${u} and r = ${r} need ${wanted} members with the preset ${preset}, here are ${members.length}`;
  }
  const seen = new Set<string>();
  for (const { name, key, pin } of [...members, ...clients]) {
    if (!NAME.test(name)) return `'${name}' is not a name of lower-case letters, digits and dashes`;
    if (!KEY.test(key)) return `the key of ${name} is not 64 hexadecimal digits`;
    if (seen.has(name) || seen.has(key)) return `the name or the key of ${name} occurs twice`;
    seen.add(name).add(key);
    if (pin === undefined) continue;
    if (!KEY.test(pin)) return `the pin of ${name} is not 64 hexadecimal digits`;
    if (seen.has(pin)) return `the pin of ${name} occurs twice`;
    seen.add(pin);
  }
  return adminProblem(members, seen);
}

function adminProblem(members: readonly MemberCard[], seen: Set<string>): string | null {
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

/** True if commands can change the federation. */
export const isGoverned = ({ members }: Membership): boolean => members[0]?.admin !== undefined;

/** Where members come and go, outside clients have domains that no member ever gets. */
const GOVERNED_CLIENTS = 128;

/** The domain of the first outside client. */
export const firstClientOf = (membership: Membership): number =>
  isGoverned(membership) ? GOVERNED_CLIENTS : membership.members.length;

/** What governance begins with; null where nothing can change. Addresses are left out: hosts have the cards. */
export const genesisOf = (membership: Membership, config: ReplicaConfig): Configuration | null =>
  isGoverned(membership)
    ? {
        ...ungoverned(config),
        members: membership.members.map(({ name, key, pin, admin = '' }, id) => ({
          id,
          key: fromHex(key) ?? new Uint8Array(0),
          admin: fromHex(admin) ?? new Uint8Array(0),
          contact: encodeContact({ name, address: '', pin }),
        })),
      }
    : null;

/** 32 bytes that name the cluster. */
export function clusterOf({ u, r, members, clients = [], preset = 'concordat' }: Membership): Digest {
  const line = ({ name, key, admin }: ClientCard & Pick<MemberCard, 'admin'>): string =>
    `${name} ${key}${admin === undefined ? '' : ` ${admin}`}\n`;
  const [inside, outside] = [members, clients].map((cards) => cards.map(line).join(''));
  return sha256(utf8(`concordat replicate v2\n${preset} ${u} ${r}\n${inside}clients\n${outside}`));
}

/** Of members and outside clients, by their domain. */
export function publicKeysOf(membership: Membership): Map<NodeId, Uint8Array> {
  const { members, clients = [] } = membership;
  return new Map(
    [...members, ...clients].map(({ key }, i) => [
      domainAt(membership, i),
      fromHex(key) ?? new Uint8Array(0),
    ]),
  );
}

/** The domain of a card, by its place among those of members and then of outside clients. */
const domainAt = (membership: Membership, place: number): number =>
  place < membership.members.length ? place : firstClientOf(membership) + place - membership.members.length;

/** The domains of outside clients whose connections can be known, by pin. */
export const clientPins = (membership: Membership): ReadonlyMap<string, number> =>
  new Map(
    (membership.clients ?? []).flatMap(({ pin }, i) =>
      pin === undefined ? [] : [[pin, firstClientOf(membership) + i] as const],
    ),
  );

/** The domain of a public key; throws `bad-configuration` if it belongs to nobody here. */
export function domainOf(membership: Membership, publicKey: Uint8Array): number {
  const { members, clients = [] } = membership;
  const key = toHex(publicKey);
  const place = [...members, ...clients].findIndex((card) => card.key === key);
  if (place < 0) {
    throw new RuntimeError('bad-configuration', `the key ${key} is in no card: add it at every member`);
  }
  return domainAt(membership, place);
}
