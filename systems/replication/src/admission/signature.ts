/**
 * Admission by signature (Aardvark, NSDI 2009 section 3.1): the submitting domain signs each request, inside an
 * authenticated link, so whoever is convinced can convince everybody else. The steps are in `replica/requests.ts`.
 */

import { findPooled } from '../pool.ts';
import { onRequest, resubmit, showToPrimary, submit } from '../replica/requests.ts';
import { requestCheck } from '../request.ts';
import { type Admission, misfit } from './admission.ts';

export const signature: Admission = {
  name: 'signature',
  onRequest,
  receive: (s, env, from, m) => env.note({ kind: misfit(s), peer: from, why: `nobody asked for ${m.type}` }),
  submit,
  tick: resubmit,
  isSigned: () => true,
  find: (s, ref) => findPooled(s.pool, ref)?.request ?? null,
  doubts: (s, _env, { batch, requests }) =>
    batch.refs.length !== requests.length
      ? []
      : requests.flatMap((request, i) => {
          const ref = batch.refs[i];
          return ref === undefined || findPooled(s.pool, ref) !== null
            ? []
            : [requestCheck(request, ref.digest)];
        }),
  proofs: () => [],
  show: (s, env, { request }) => {
    if (request.body !== null) showToPrimary(s, env, request);
  },
  onExposed: () => {},
};
