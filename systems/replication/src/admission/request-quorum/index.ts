/**
 * Admission by a request quorum (UpRight, SOSP 2009): filter nodes authenticate clients, keep bodies on disk and vouch for
 * them with rows of a matrix; replicas never see a client's own MAC. What is signed all the same - commands of members to
 * replication itself, requests of clients that know no filter nodes - is admitted by its signature.
 */

import { assert } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { findPooled } from '../../pool.ts';
import { onRequest, showToPrimary } from '../../replica/requests.ts';
import { isMember, type ReplicaState } from '../../replica/state.ts';
import { clientKey, type Request, refOf, requestCheck, requestDigest } from '../../request.ts';
import { type Admission, misfit, type RequestMark } from '../admission.ts';
import { UNSIGNED } from '../codec.ts';
import { fetchBodies, onBody, onBodyDenied } from './bodies.ts';
import { onEntry, onVouchers, proofs, show } from './entries.ts';
import { allFilters, filterId, filterOf } from './filters.ts';
import { urgeAdoption } from './inherited.ts';
import { resubmit, submit } from './own-requests.ts';
import { onAwaitReplies } from './replies.ts';
import {
  consider,
  findVouched,
  forgetExecuted,
  forgetMark,
  isSound,
  takeBody,
  type Vouching,
} from './vouchers.ts';

function vouchingOf(s: ReplicaState): Vouching {
  assert(s.vouching !== null, 'a replica with a request quorum knows what filter nodes vouch for');
  return s.vouching;
}

/** Whoever signs needs nobody to vouch for it: members' commands to replication, and clients that know no filter nodes. */
const isSigned = ({ signature }: Request): boolean => !equalBytes(signature, UNSIGNED);

export const requestQuorum: Admission = {
  name: 'request-quorum',
  onRequest: (s, env, from, m) => {
    if (isSigned(m.request)) onRequest(s, env, from, m);
    else env.note({ kind: 'drop', why: 'a request that did not pass the filter nodes', peer: from });
  },
  receive: (s, env, from, m) => {
    const v = vouchingOf(s);
    const filter = filterOf(s.config.quorums, from);
    if (m.type === 'await-replies') onAwaitReplies(s, env, v, from, m);
    else if (m.type === 'vouchers' && isMember(s, from)) onVouchers(s, env, v, m);
    else if (m.type === 'entry' && filter !== null) onEntry(s, env, v, filter, m);
    else if (m.type === 'body' && filter !== null) onBody(s, env, v, from, m);
    else if (m.type === 'body-denied' && filter !== null) onBodyDenied(s, env, v, m);
    else env.note({ kind: misfit(s), peer: from, why: `${m.type} is not for a replica, or not from there` });
  },
  submit: (s, env, body) => submit(s, env, vouchingOf(s), body),
  tick: (s, env) => {
    const v = vouchingOf(s);
    resubmit(s, env, v);
    fetchBodies(s, env, v);
    if (env.now - v.sweptAt < s.config.retransmitMs) return;
    v.sweptAt = env.now;
    forgetExecuted(s, v);
    urgeAdoption(s, env, v);
  },
  isSigned,
  find: (s, ref) => {
    const pooled = findPooled(s.pool, ref);
    if (pooled !== null) return pooled.request;
    const v = vouchingOf(s);
    const vouched = findVouched(v, ref);
    return vouched !== null && isSound(v, vouched) ? vouched.request : null;
  },
  doubts: (s, env, { batch, requests }) => {
    const v = vouchingOf(s);
    if (batch.refs.length !== requests.length) return [];
    const checks = [];
    let isHopeless = false;
    for (const request of requests) {
      const digest = requestDigest(s.keys, s.config.cluster, request);
      const ref = refOf(request, digest);
      if (findPooled(s.pool, ref) !== null) continue;
      if (isSigned(request)) {
        checks.push(requestCheck(request, digest));
        continue;
      }
      const vouched = findVouched(v, ref);
      if (vouched === null || !isSound(v, vouched)) isHopeless = true;
      else {
        takeBody(s, vouched, request);
        consider(s, env, v, vouched);
      }
    }
    return isHopeless ? null : checks;
  },
  proofs: (s, batch) => proofs(vouchingOf(s), batch),
  show: (s, env, pooled) => {
    if (isSigned(pooled.request)) showToPrimary(s, env, pooled);
    else show(s, env, vouchingOf(s), pooled);
  },
  onExposed: (s, env, { slot, outcomes }) => {
    const v = vouchingOf(s);
    const done: RequestMark[] = [];
    for (const outcome of outcomes) {
      const { domain, client, seq } = outcome;
      forgetMark(v, outcome);
      done.push({ domain, client, seq });
      const waiting = v.replies.get(clientKey(outcome));
      if (waiting !== undefined) env.send(waiting, { type: 'reply', slot, ...outcome });
    }
    if (done.length === 0) return;
    for (const filter of allFilters(s.config.quorums))
      env.send(filterId(filter), { type: 'completed', view: s.view, done });
  },
};
