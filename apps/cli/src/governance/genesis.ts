/**
 * What the federation file says, as the configuration that governance begins with. A member's contact carries what only
 * daemons read: its name, its address and the pin of its links.
 *
 *   u32 length, name | u32 length, address | u32 length, pin
 */

import {
  type Configuration,
  type Delegate,
  delegateOf,
  type ReplicaConfig,
  ungoverned,
} from '@concordat/replication';
import { createReader, createWriter, fromHex } from '@concordat/wire';
import type { Federation, Member } from '../config/federation.ts';

export interface Contact {
  readonly name: string;
  readonly address: string;
  readonly pin: string;
}

const MAX_TEXT_BYTES = 256;

export function encodeContact({ name, address, pin }: Contact): Uint8Array {
  const writer = createWriter(256);
  for (const text of [name, address, pin]) writer.text(text);
  return writer.finish();
}

export function decodeContact(bytes: Uint8Array): Contact | null {
  const reader = createReader(bytes);
  return reader.finish({
    name: reader.text(MAX_TEXT_BYTES),
    address: reader.text(MAX_TEXT_BYTES),
    pin: reader.text(MAX_TEXT_BYTES),
  });
}

const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

/** A member's card as its place in a configuration; null where it has no admin key. */
export const delegateFrom = (id: number, { name, address, pin, key, admin }: Member): Delegate | null =>
  admin === undefined
    ? null
    : { id, key: bytesOf(key), admin: bytesOf(admin), contact: encodeContact({ name, address, pin }) };

/** The first configuration; null where members have no admin keys, and nothing can change. */
export function genesisOf(federation: Federation, config: ReplicaConfig): Configuration | null {
  const members = federation.members.flatMap((member, id) => delegateFrom(id, member) ?? []);
  return members.length === federation.members.length ? { ...ungoverned(config), members } : null;
}

/** What a member is called, by the configuration; its number if that does not say. */
export const nameIn = (configuration: Configuration, id: number): string =>
  decodeContact(delegateOf(configuration, id)?.contact ?? new Uint8Array(0))?.name ?? `${id}`;
