/**
 * Who may join a stream: accountability's ways into a group - a list of keys, invites, what is to come - asked for each newcomer. A
 * person is its signing key: whoever was evicted needs another one, and with it another invite. What invites were used up is the
 * policy's to keep, durably (`Redemptions`).
 */

import type { AdmissionPolicy, Application } from '@concordat/accountability';
import { isCertifiedVrfKey, type Vrf } from '@concordat/crypto';
import { utf8 } from '@concordat/wire';
import type { Join } from './messages.ts';
import type { Admission } from './state.ts';

/** The same as an application; its signature is the JOIN's, which the tracker has checked by then. */
const applicationOf = (join: Join): Application => ({
  signingKey: join.publicKey,
  vrfKey: join.vrfKey,
  vrfCertificate: join.certificate,
  about: utf8(join.address),
  credential: join.token,
  signature: join.signature,
});

export const admissionBy = (policy: AdmissionPolicy, vrf: Vrf): Admission => ({
  identityOf: ({ publicKey }) => publicKey,
  isWelcome: (join, epoch) => policy.refusalOf(applicationOf(join), epoch) === null,
  onAdmitted: (join) => policy.onAdmitted(applicationOf(join)),
  isUniqueKey: (vrfKey, certificate) => isCertifiedVrfKey(vrf, vrfKey, certificate),
});
