/**
 * Requests on their way into a filter node (UpRight, SOSP 2009): from clients, by MAC. Cheap tests come first, and each client
 * and domain has its share.
 * Invariant kept: a request is on disk before anybody is told of it.
 */

import { type Env, FIRST_CONNECTION, type NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { Message } from '../../replica/messages.ts';
import { isCommand, type Request, refOf, requestDigest } from '../../request.ts';
import type { FilterRequest } from '../messages.ts';
import { refStatement } from '../pair-keys.ts';
import { forward, forwardAgain, pushBody } from './forwarding.ts';
import { keep } from './log.ts';
import {
  clientKeyOf,
  clientOf,
  costOf,
  doneBySome,
  type FilterState,
  maySubmit,
  orderedBySome,
  presumedPrimary,
} from './state.ts';

export function onFilterRequest(s: FilterState, env: Env<Message>, from: NodeId, m: FilterRequest): void {
  const { request } = m;
  const { cluster, pair } = s.options;
  // Commands of members are signed, and do not pass here.
  if (!maySubmit(s.options, request.domain) || isCommand(request.client)) return;
  const digest = requestDigest(s.options, cluster, request);
  const key = clientKeyOf(s, request.domain);
  if (!pair.macs.verify(key, refStatement(refOf(request, digest)), m.mac)) {
    // Whoever sent it did not know the key, so it is nobody's fault but the link's: a stranger's ends.
    const isStranger = from >= FIRST_CONNECTION;
    env.note({ kind: isStranger ? 'strike' : 'drop', why: 'a false MAC on a request', peer: from });
    if (isStranger) env.close(from);
    return;
  }
  const client = clientOf(s, request);
  const known = client.held.get(request.seq);
  if (known !== undefined) {
    // A client that asks again asks everyone: its request may be stuck.
    if (equalBytes(known.ref.digest, digest)) forwardAgain(s, env, known);
    else env.note({ kind: 'strike', peer: request.domain, why: 'two requests under one number' });
    return;
  }
  if (request.seq <= Math.max(orderedBySome(s, client), doneBySome(s, client))) return;
  const refusal = whyRefused(s, request, client.held.size);
  if (refusal !== null) {
    env.note({ kind: 'request-refused', domain: request.domain, why: refusal });
    return;
  }
  const kept = keep(s, env, request, digest);
  forward(s, env, kept, presumedPrimary(s));
  pushBody(s, env, kept);
}

function whyRefused(s: FilterState, request: Request, held: number): string | null {
  if (held >= s.options.clientWindow) return 'client-full';
  const bytes = (s.domainBytes[request.domain] ?? 0) + costOf(request);
  if (bytes > s.options.domainBytes) return 'domain-full';
  return (s.retainedBytes[request.domain] ?? 0) > s.options.retainedBytes ? 'domain-retained' : null;
}
