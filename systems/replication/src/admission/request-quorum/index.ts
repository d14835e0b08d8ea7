/**
 * Admission by a request quorum (UpRight, SOSP 2009): filter nodes authenticate clients, keep bodies on disk and vouch for
 * them with rows of a matrix; replicas never see a client's own MAC. What is signed all the same - commands of members to
 * replication itself, requests of clients that know no filter nodes - is admitted by its signature.
 */

import { assert, type SignatureCheck } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { ordersReferences } from '../../config.ts';
import { findPooled } from '../../pool.ts';
import { carried, carriesRightly } from '../../replica/references.ts';
import { onRequest, showToPrimary } from '../../replica/requests.ts';
import { isMember, type ReplicaState } from '../../replica/state.ts';
import { type Bodiless, clientKey, isCommand, type Request, requestCheck } from '../../request.ts';
import { type Admission, misfit, type RequestMark } from '../admission.ts';
import { UNSIGNED } from '../codec.ts';
import { fetchBodies, onBody, onBodyDenied } from './bodies.ts';
import { onEntry, onVouchers, proofs, show } from './entries.ts';
import { allFilters, filterId, filterOf } from './filters.ts';
import { urgeAdoption } from './inherited.ts';
import { resubmit, submit } from './own-requests.ts';
import { onAwaitReplies } from './replies.ts';
import {
  admitted,
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
const isSigned = (request: Request | Bodiless): request is Request =>
  request.body !== null && !equalBytes(request.signature, UNSIGNED);

/** Where replicas order references, whoever is no member's command must be known to filter nodes: they hold the bodies. */
const maySign = (s: ReplicaState, request: Request): boolean =>
  isSigned(request) && (isCommand(request.client) || !ordersReferences(s.config));

export const requestQuorum: Admission = {
  name: 'request-quorum',
  onRequest: (s, env, from, m) => {
    if (maySign(s, m.request)) onRequest(s, env, from, m);
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
    const pooled = findPooled(s.pool, ref)?.request ?? null;
    if (pooled !== null && pooled.body !== null) return pooled;
    const v = vouchingOf(s);
    const vouched = findVouched(v, ref);
    return (vouched === null ? null : admitted(s, v, vouched)) ?? pooled;
  },
  doubts: (s, env, m) => {
    const v = vouchingOf(s);
    const found = carried(s.keys, s.config.cluster, m);
    // What is not whole is refused as such.
    if (found === null || !carriesRightly(m, found, ordersReferences(s.config))) return [];
    const checks: SignatureCheck[] = [];
    let isHopeless = false;
    for (const [i, ref] of m.batch.refs.entries()) {
      const request = found[i] ?? null;
      if (findPooled(s.pool, ref) !== null) continue;
      if (request !== null && maySign(s, request)) {
        checks.push(requestCheck(request, ref.digest));
        continue;
      }
      const vouched = findVouched(v, ref);
      if (vouched === null || !isSound(v, vouched)) isHopeless = true;
      else {
        if (request !== null) takeBody(s, vouched, request);
        consider(s, env, v, vouched);
      }
    }
    return isHopeless ? null : checks;
  },
  proofs: (s, batch) => proofs(vouchingOf(s), batch),
  show: (s, env, pooled) => {
    const { request } = pooled;
    if (isSigned(request)) showToPrimary(s, env, request);
    else show(s, env, vouchingOf(s), pooled);
  },
  onExposed: (s, env, { slot, outcomes }) => {
    const v = vouchingOf(s);
    const done: RequestMark[] = [];
    for (const outcome of outcomes) {
      const { domain, client, seq } = outcome;
      forgetMark(v, outcome);
      done.push({ domain, client, seq });
      // Who does not execute has no reply to give.
      const waiting = s.config.executes ? v.replies.get(clientKey(outcome)) : undefined;
      if (waiting !== undefined) env.send(waiting, { type: 'reply', slot, ...outcome });
    }
    if (done.length === 0) return;
    for (const filter of allFilters(s.config.quorums))
      env.send(filterId(filter), { type: 'completed', view: s.view, done });
  },
};
