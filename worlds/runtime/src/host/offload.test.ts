/** Checks by a key that travels with them, here and in a worker; a registered key does not stand in for it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignatureCheck } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { generateIdentity } from '../crypto/identity.ts';
import { createKeys } from '../crypto/keys.ts';
import { createOffload } from './offload.ts';

const [registered, fresh] = [generateIdentity(), generateIdentity()];
const keys = createKeys({
  self: 0,
  seed: registered.seed,
  publicKeys: new Map([[0, registered.publicKey]]),
});
const freshKeys = createKeys({ self: 0, seed: fresh.seed, publicKeys: new Map() });
const bytes = utf8('statement');

const byRegistered: SignatureCheck = { signer: 0, bytes, signature: keys.sign(bytes) };
const byFresh: SignatureCheck = { signer: 0, bytes, signature: freshKeys.sign(bytes), key: fresh.publicKey };

function verdictsOn(jobs: readonly SignatureCheck[][]): Promise<boolean[]> {
  return new Promise((resolve, reject) => {
    const verdicts: boolean[] = [];
    let answered = 0;
    const offload = createOffload({
      keys,
      onFailure: reject,
      completed: (ticket, holds) => {
        verdicts[ticket] = holds;
        answered += 1;
        if (answered === jobs.length) void offload.close().then(() => resolve(verdicts));
      },
    });
    for (const [ticket, checks] of jobs.entries()) offload.start({ kind: 'verify', checks }, ticket);
    offload.flush();
  });
}

for (const count of [1, 200])
  test(`a check goes by the key that it brings: ${count} of each`, async () => {
    const many = (check: SignatureCheck): SignatureCheck[] => new Array<SignatureCheck>(count).fill(check);
    const { key: _, ...withoutKey } = byFresh;
    const jobs = [
      many(byRegistered),
      many(byFresh),
      many(withoutKey),
      many({ ...byRegistered, key: fresh.publicKey }),
      many({ ...byRegistered, key: new Uint8Array(0) }),
    ];
    assert.deepEqual(await verdictsOn(jobs), [true, true, false, false, false]);
  });

test('what is checked while the worker starts does not wait for it', async () => {
  const answered: number[] = [];
  const failures: Error[] = [];
  const offload = createOffload({
    keys,
    onFailure: (error) => failures.push(error),
    completed: (ticket, holds) => answered.push(holds ? ticket : -1),
  });
  const checks = new Array<SignatureCheck>(40).fill(byRegistered);
  const isAnsweredAtOnce = (ticket: number): boolean => {
    offload.start({ kind: 'verify', checks }, ticket);
    offload.flush();
    return answered.includes(ticket);
  };
  let ticket = 0;
  assert.ok(isAnsweredAtOnce(ticket), 'there is no worker yet');
  do await new Promise((resolve) => setTimeout(resolve, 5));
  while (isAnsweredAtOnce(++ticket));
  while (offload.waiting > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(
    answered,
    Array.from({ length: ticket + 1 }, (_, i) => i),
  );
  assert.deepEqual(failures, []);
  await offload.close();
});
