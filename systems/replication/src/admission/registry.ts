/** Every way of admission, by name. */

import type { Admission, AdmissionName } from './admission.ts';
import { requestQuorum } from './request-quorum/index.ts';
import { signature } from './signature.ts';

export const admissions: Readonly<Record<AdmissionName, Admission>> = {
  signature,
  'request-quorum': requestQuorum,
};
