/**
 * What a checkpoint's digest commits to: replication's own state, the service's, and by itself the configuration in force
 * from there on, so that a certificate proves it to whoever has none of the state.
 */

import { DIGEST_BYTES, type Hash } from '@concordat/crypto';
import type { Digest } from '@concordat/kernel';
import { concatBytes, type Reader, utf8, type Writer } from '@concordat/wire';

export interface Roots {
  readonly core: Digest;
  readonly service: Digest;
  readonly configuration: Digest;
}

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
