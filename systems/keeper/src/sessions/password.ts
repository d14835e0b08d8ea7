/**
 * A session's password is the seed of its key pair (DESIGN section 9, rule 4). Clients keep sixteen bytes (the C client
 * has room for no more); the seed is their hash, and only the public key is ever ordered.
 */

import type { Hash } from '@concordat/crypto';
import { concatBytes, utf8 } from '@concordat/wire';

const SEED_DOMAIN = utf8('concordat/keeper/session/1');

/** The 32-byte seed of a password. */
export const seedOf = (hash: Hash, password: Uint8Array): Uint8Array =>
  hash(concatBytes([SEED_DOMAIN, password]));
