/**
 * What a member's binary can run, told in the ordered log. An announcement travels like a command, as a request of a client
 * of its own that the member's domain signs, so every replica knows who said it; unlike one it changes no configuration,
 * and the log does not wait for it.
 *
 *   u8 kind (2; a command to change begins with 1) | u32 count, versions: u53, ascending, from 1
 */

import { createReader, createWriter } from '@concordat/wire';
import { GOVERNANCE_CLIENTS, type Request } from '../request.ts';

const KIND = 2;

/** A binary carries its newest version and some former ones. */
export const MAX_VERSIONS = 16;

/** The digest of a state has four bytes for it. */
export const MAX_VERSION = 2 ** 32 - 1;

export const areVersions = (versions: readonly number[]): boolean =>
  versions.length > 0 &&
  versions.length <= MAX_VERSIONS &&
  versions.every((version, i) => version > (versions[i - 1] ?? 0) && version <= MAX_VERSION);

export function encodeAnnouncement(versions: readonly number[]): Uint8Array {
  const writer = createWriter(64);
  writer.u8(KIND);
  writer.list(versions, (version) => writer.u53(version));
  return writer.finish();
}

export function decodeAnnouncement(bytes: Uint8Array): readonly number[] | null {
  const reader = createReader(bytes);
  if (reader.u8() !== KIND) return null;
  const versions = reader.finish(reader.list(MAX_VERSIONS, 8, () => reader.u53()));
  return versions !== null && areVersions(versions) ? versions : null;
}

/** True if a request may change the federation, so that the log has to wait for what becomes of it. */
export const isChange = ({ client, body }: Pick<Request, 'client' | 'body'>): boolean =>
  client >= GOVERNANCE_CLIENTS && body[0] !== KIND;
