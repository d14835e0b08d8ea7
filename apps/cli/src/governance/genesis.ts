/**
 * What the federation file says, as the configuration that governance begins with, and cards as places in later ones. A
 * member's contact carries what only daemons read: its name, its address and the pin of its links.
 */

import {
  type Configuration,
  type Newcomer,
  type ReplicaConfig,
  replicaConfig,
  ungoverned,
} from '@concordat/replication';
import { encodeContact } from '@concordat/replication/edge';
import { fromHex } from '@concordat/wire';
import { type Federation, type Member, type ProxyCard, proxiesIn } from '../config/federation.ts';

const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

/** A member's card as its place in a configuration; null where it has no admin key. */
export const newcomerFrom = ({ name, address, pin, key, admin }: Member): Newcomer | null =>
  admin === undefined
    ? null
    : { key: bytesOf(key), admin: bytesOf(admin), contact: encodeContact({ name, address, pin }) };

/** A proxy's card as its place in a configuration, which has no number yet. Nobody calls it, so it has no address. */
export const associateFrom = ({ name, key, pin }: ProxyCard) => ({
  key: bytesOf(key),
  contact: encodeContact({ name, address: '', pin }),
});

/** The rules of a federation as its file has them, for one of its nodes. */
export const replicaConfigOf = (federation: Federation, self: number): ReplicaConfig =>
  replicaConfig({
    self,
    cluster: federation.id,
    faults: federation,
    associates: [...proxiesIn(federation).keys()],
  });

/** The first configuration; null where members have no admin keys, and nothing can change. */
export function genesisOf(federation: Federation, config: ReplicaConfig): Configuration | null {
  const members = federation.members.flatMap((member, id) => {
    const place = newcomerFrom(member);
    return place === null ? [] : [{ ...place, id }];
  });
  const associates = [...proxiesIn(federation)].map(([id, card]) => ({ ...associateFrom(card), id }));
  return members.length === federation.members.length ? { ...ungoverned(config), members, associates } : null;
}

/** The same for whoever holds no key: courts judge by it. */
export const firstConfiguration = (federation: Federation): Configuration | null =>
  genesisOf(federation, replicaConfigOf(federation, 0));
