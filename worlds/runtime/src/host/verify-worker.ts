/** The worker thread behind `offload`: says that it is ready, takes blocks of checks, answers with one byte (1 or 0) for each. */

import { parentPort } from 'node:worker_threads';
import { SEED_BYTES } from '@concordat/crypto';
import { assert } from '@concordat/kernel';
import { createSignatures } from '../crypto/keys.ts';
import { createFastEd25519 } from '../crypto/sodium.ts';
import { decodeChecks } from './verify-block.ts';

/** PERF: the same choice as the host makes for checks on its own thread: half the time of OpenSSL's. No key is needed. */
const verify = createFastEd25519(new Uint8Array(SEED_BYTES))?.verify ?? createSignatures().verifyWith;

parentPort?.on('message', ({ block, bytes }: { block: number; bytes: Uint8Array }) => {
  const checks = decodeChecks(bytes);
  assert(checks !== null, 'the host sends well-formed blocks');
  const verdicts = Uint8Array.from(checks, (check) =>
    verify(check.publicKey, check.bytes, check.signature) ? 1 : 0,
  );
  parentPort?.postMessage({ block, verdicts });
});

parentPort?.postMessage('ready');
