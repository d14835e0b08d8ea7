/**
 * The service of a replica that only orders (UpRight, SOSP'09 section 4): it has no state and answers nothing. What such a
 * replica digests and checkpoints is replication's own state alone.
 */

import { DIGEST_BYTES } from '@concordat/crypto';
import type { Digest, Restore, Service, Snapshot } from '@concordat/kernel';
import { assert } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';

const NOTHING = new Uint8Array(0);
const EMPTY: Digest = new Uint8Array(DIGEST_BYTES);

const nothing = (): Uint8Array => NOTHING;

const snapshot: Snapshot = {
  digest: EMPTY,
  parts: 0,
  digestOf: () => EMPTY,
  read: nothing,
};

const restore: Restore = {
  offer: () => false,
  missing: () => [],
  finish: () => {},
};

export function createNoService(version = 1): Service {
  let last = 0;
  return {
    version: () => version,
    versions: [version],
    switchTo: (next) => assert(next === version, 'what only orders has no state to migrate'),
    execute: nothing,
    query: nothing,
    advance: () => {},
    digest: () => EMPTY,
    mark: () => ++last,
    rollback: (mark) => assert(mark <= last, 'a mark was made'),
    release: (mark) => assert(mark <= last, 'a mark was made'),
    snapshot: () => snapshot,
    restore: (digest, parts) => (parts.length === 0 && equalBytes(digest, EMPTY) ? restore : null),
  };
}
