/**
 * Keys that two participants share, for MACs: derived from what their identities agree on, one for each use and
 * direction. A key has one direction: with the same for both, what one wrote would pass for what it was told. They are
 * derived when a process starts, and anew with each epoch of a federation that changes, and are nowhere on disk.
 * Invariant kept: what was authenticated in one epoch holds in no other.
 */

import { type Hash, MAC_KEY_BYTES, type Macs, type PairSecrets, tagged } from '@concordat/crypto';
import type { Digest, NodeId } from '@concordat/kernel';
import { concatBytes, createWriter, utf8 } from '@concordat/wire';
import { REQUEST_REF_BYTES, type RequestRef, writeRef } from '../request.ts';
import type { RequestMark } from './admission.ts';

/** What a participant authenticates to others with. */
export interface PairKeys {
  readonly macs: Macs;
  readonly secrets: PairSecrets;
}

/** Who convinces whom of what. Clients stand for their domains; filter nodes have the identities of `identityOf`. */
export type PairUse = 'client to filter' | 'filter to replica' | 'client to replica';

/** 16 bytes that `from` and `to` share for this use, of whom the participant with `secrets` is one. */
export function pairKey(
  hash: Hash,
  cluster: Digest,
  secrets: PairSecrets,
  use: PairUse,
  from: NodeId,
  to: NodeId,
  self: NodeId,
  epoch = 0,
): Uint8Array {
  const secret = secrets.secretWith(from === self ? to : from);
  const direction = new Uint8Array([from, to]);
  const parts = [cluster, secret, utf8(use), direction, ...(epoch === 0 ? [] : [utf8(`epoch ${epoch}`)])];
  return tagged(hash, 'concordat pair key v1', ...parts).slice(0, MAC_KEY_BYTES);
}

/** The keys for each of `count` others, one after the other. */
export const pairKeys = (count: number, keyOf: (other: NodeId) => Uint8Array): Uint8Array =>
  concatBytes(Array.from({ length: count }, (_, other) => keyOf(other)));

export const keyAt = (keys: Uint8Array, index: number): Uint8Array =>
  keys.subarray(index * MAC_KEY_BYTES, (index + 1) * MAC_KEY_BYTES);

const writer = createWriter(REQUEST_REF_BYTES);

/** What a tag is for: client, number and content, so that none of them can be exchanged. Changes with the next call. */
export function refStatement(ref: RequestRef): Uint8Array {
  writeRef(writer, ref);
  return writer.view();
}

/** What a client asks its replies with. Changes with the next call. */
export function awaitStatement({ domain, client, seq }: RequestMark): Uint8Array {
  writer.u16(domain);
  writer.u53(client);
  writer.u53(seq);
  return writer.view();
}
