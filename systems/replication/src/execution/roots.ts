/**
 * What a checkpoint's digest commits to: replication's own state, the service's, and by itself the configuration in force
 * from there on, so that a certificate proves it to whoever has none of the state.
 */

import { DIGEST_BYTES, type Hash } from '@concordat/crypto';
import { type Digest, MAX_FRAME_BYTES, MAX_OPERATION_BYTES } from '@concordat/kernel';
import { concatBytes, type Reader, utf8, type Writer } from '@concordat/wire';

export interface Roots {
  readonly core: Digest;
  readonly service: Digest;
  readonly configuration: Digest;
}

/** What the parts of a checkpoint hash to: of replication's own state, and of the service's. */
export interface PartDigests {
  readonly core: readonly Digest[];
  readonly service: readonly Digest[];
}

/** Their digests travel, and are journalled, in one piece: enough for states of some gigabytes. */
export const MAX_PARTS = (MAX_FRAME_BYTES - MAX_OPERATION_BYTES) / DIGEST_BYTES;
const LABEL = utf8('concordat checkpoint v2');

export const combinedDigest = (hash: Hash, { core, service, configuration }: Roots): Digest =>
  hash(concatBytes([LABEL, core, service, configuration]));

export function writeRoots(w: Writer, roots: Roots): void {
  w.fixed(roots.core);
  w.fixed(roots.service);
  w.fixed(roots.configuration);
}

export const readRoots = (r: Reader): Roots => ({
  core: r.fixed(DIGEST_BYTES),
  service: r.fixed(DIGEST_BYTES),
  configuration: r.fixed(DIGEST_BYTES),
});

export function writePartDigests(w: Writer, { core, service }: PartDigests): void {
  w.list(core, (digest) => w.fixed(digest));
  w.list(service, (digest) => w.fixed(digest));
}

export const readPartDigests = (r: Reader): PartDigests => ({
  core: readDigests(r),
  service: readDigests(r),
});

const readDigests = (r: Reader): Digest[] => r.list(MAX_PARTS, DIGEST_BYTES, () => r.fixed(DIGEST_BYTES));
