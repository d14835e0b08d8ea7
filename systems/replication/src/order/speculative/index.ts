/**
 * Speculative ordering (Zyzzyva, SOSP 2007, with the view change as corrected): votes are signed, so that a quorum of them
 * is a certificate for anyone. A member makes sure by keeping one; a new view goes by the evidence of the highest view.
 */

import type { OrderProtocol } from '../order-protocol.ts';
import { acknowledge, certify, isCommitCertificate } from './certificate.ts';
import { respond } from './respond.ts';
import { select } from './select.ts';

export const speculative: OrderProtocol = {
  name: 'speculative',
  vote: acknowledge,
  secure: certify,
  respond,
  claim: ({ slot, accepted }) => (accepted.length === 0 ? null : { slot, prepared: null, accepted }),
  isValidEvidence: (s, { claims, certificate, stable }) =>
    claims.every(({ prepared }) => prepared === null) &&
    (certificate === null || isCommitCertificate(s, stable[0]?.slot ?? s.genesis.slot, certificate)),
  select,
};
