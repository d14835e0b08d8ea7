/** Accountability's ways into a group let newcomers into a stream: keys on a list, invites as often as they say, VRF keys that are unique. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  admitInvited,
  admitListed,
  createRedemptions,
  issueInvite,
  redeemInvite,
} from '@concordat/accountability';
import { certifyVrfKey, createModelVrfKey, modelHash, modelSignatures, modelVrf } from '@concordat/crypto';
import { sampleMember, sampleSeed, sampleVrfKey } from '../testing/sample-members.ts';
import { admissionBy } from './admission.ts';
import type { Join } from './messages.ts';

const cluster = modelHash(Uint8Array.of(7));

function joinOf(person: number, token: Uint8Array = new Uint8Array(0)): Join {
  const { publicKey, address } = sampleMember(person);
  const vrfKey = sampleVrfKey(person);
  const certificate = certifyVrfKey(createModelVrfKey(sampleSeed(person)));
  return { kind: 'join', publicKey, vrfKey, certificate, address, token, signature: new Uint8Array(64) };
}

describe('admission to a stream', () => {
  it('is for keys on a list', () => {
    const admission = admissionBy(admitListed([sampleMember(1).publicKey]), modelVrf);
    assert.ok(admission.isWelcome(joinOf(1), 0));
    assert.ok(!admission.isWelcome(joinOf(2), 0));
    assert.deepEqual(admission.identityOf(joinOf(1)), sampleMember(1).publicKey);
  });

  it('is for the holder of an invite, as often and as long as it says', () => {
    const issuer = sampleSeed(99);
    const policy = admitInvited(
      {
        signatures: modelSignatures,
        cluster,
        issuerKey: (id) => (id === 99 ? modelSignatures.publicKeyOf(issuer) : undefined),
      },
      createRedemptions(),
    );
    const admission = admissionBy(policy, modelVrf);
    const token = issueInvite(modelSignatures, cluster, issuer, sampleSeed(500), {
      issuer: 99,
      uses: 1,
      lastEpoch: 5,
    });
    const credential = (person: number): Uint8Array =>
      redeemInvite(modelSignatures, cluster, token, sampleMember(person).publicKey);
    assert.ok(!admission.isWelcome(joinOf(1), 3), 'without one');
    assert.ok(!admission.isWelcome(joinOf(2, credential(1)), 3), 'for somebody else');
    assert.ok(!admission.isWelcome(joinOf(1, credential(1)), 6), 'too late');
    assert.ok(admission.isWelcome(joinOf(1, credential(1)), 3));
    admission.onAdmitted(joinOf(1, credential(1)));
    assert.ok(!admission.isWelcome(joinOf(2, credential(2)), 3), 'used up');
  });

  it('takes only VRF keys with one output per input', () => {
    const admission = admissionBy(admitListed([]), modelVrf);
    const { vrfKey, certificate } = joinOf(1);
    assert.ok(admission.isUniqueKey(vrfKey, certificate));
    assert.ok(!admission.isUniqueKey(sampleVrfKey(2), certificate));
    assert.ok(!admission.isUniqueKey(vrfKey, certificate.subarray(1)));
  });
});
