/** Every way of admission, by name. */

import type { Admission, AdmissionName } from './admission.ts';
import { requestQuorum } from './request-quorum/index.ts';
import type { Vouching } from './request-quorum/vouchers.ts';
import { signature } from './signature.ts';

const admissions: Readonly<Record<AdmissionName, Admission>> = {
  signature,
  'request-quorum': requestQuorum,
};

/** Who has no column of the matrices only looks on: it learns what others decide, and is told much that is not for it. */
const onlooking: Admission = { ...signature, name: 'request-quorum', receive: () => {} };

export const admissionOf = (name: AdmissionName, vouching: Vouching | null): Admission =>
  name === 'request-quorum' && vouching === null ? onlooking : admissions[name];
