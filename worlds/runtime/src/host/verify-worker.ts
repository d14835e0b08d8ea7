/** The worker thread behind `offload`: takes a block of checks, answers with one byte (1 or 0) for each. */

import { parentPort } from 'node:worker_threads';
import { assert } from '@concordat/kernel';
import { createSignatures } from '../crypto/keys.ts';
import { decodeChecks } from './verify-block.ts';

const signatures = createSignatures();

parentPort?.on('message', ({ block, bytes }: { block: number; bytes: Uint8Array }) => {
  const checks = decodeChecks(bytes);
  assert(checks !== null, 'the host sends well-formed blocks');
  const verdicts = Uint8Array.from(checks, (check) =>
    signatures.verifyWith(check.publicKey, check.bytes, check.signature) ? 1 : 0,
  );
  parentPort?.postMessage({ block, verdicts });
});
