/**
 * The way of a client that is no member to a request quorum: a MAC for each filter node, to as many as convince everybody,
 * and to all when it is sent again, and for a while after that. Replies come from the replicas, whom it tells where it waits,
 * unless others execute.
 */

import type { Hash } from '@concordat/crypto';
import type { Digest, NodeId } from '@concordat/kernel';
import type { ClientRoute } from '../client/client.ts';
import type { Quorums } from '../fault-model.ts';
import type { Message } from '../replica/messages.ts';
import { type Request, refOf, requestDigest } from '../request.ts';
import { UNSIGNED } from './codec.ts';
import { awaitStatement, keyAt, type PairKeys, pairKey, pairKeys, refStatement } from './pair-keys.ts';
import { allFilters, filterId, firstAsked, identityOf } from './request-quorum/filters.ts';

export interface FilterRouteOptions {
  readonly cluster: Digest;
  readonly quorums: Quorums;
  readonly members: readonly NodeId[];
  readonly hash: Hash;
  /** Its domain's. */
  readonly pair: PairKeys;
  readonly domain: number;
  /**
   * Executors answer, to whom it is attached: replicas need not know where it waits, and filter nodes are machines of their
   * own, as they are wherever there are executors.
   */
  readonly hasExecutors?: boolean;
}

/**
 * Requests that go to all filter nodes after one was sent again: one of them may be away, and whoever asks it in the place of
 * others waits for the repetition each time.
 */
const WARY_REQUESTS = 128;

export function filterRoute({
  cluster,
  quorums,
  members,
  hash,
  pair,
  domain,
  hasExecutors = false,
}: FilterRouteOptions): ClientRoute {
  const { macs, secrets } = pair;
  const filterKeys = pairKeys(quorums.filters, (filter) =>
    pairKey(
      hash,
      cluster,
      secrets,
      'client to filter',
      domain,
      identityOf(members, filter, hasExecutors),
      domain,
    ),
  );
  const replicaKeys = pairKeys(members.length, (place) =>
    pairKey(hash, cluster, secrets, 'client to replica', domain, members[place] as NodeId, domain),
  );
  let wary = 0;
  /** Whom to ask now. */
  const chosen = (request: Request, isAgain: boolean): readonly number[] => {
    if (isAgain) wary = WARY_REQUESTS;
    else if (wary > 0) wary--;
    else return firstAsked(quorums, request);
    return allFilters(quorums);
  };
  return {
    seal: (content) => ({ ...content, signature: UNSIGNED }),
    send: (env, request, isAgain) => {
      // Replicas forget who waits where when they restart.
      if (!hasExecutors && (isAgain || request.seq === 1))
        for (const [place, id] of members.entries()) {
          const mac = macs.tag(keyAt(replicaKeys, place), awaitStatement(request));
          const { client, seq } = request;
          const message: Message = { type: 'await-replies', domain, client, seq, mac };
          env.send(id, message);
        }
      const statement = refStatement(refOf(request, requestDigest({ hash }, cluster, request)));
      for (const filter of chosen(request, isAgain)) {
        const mac = macs.tag(keyAt(filterKeys, filter), statement);
        env.send(filterId(filter), { type: 'filter-request', request, mac });
      }
    },
  };
}
