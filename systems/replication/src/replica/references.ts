/**
 * Contents of which not every body is here (UpRight, SOSP 2009: digest forwarding). Where replicas order references, a content
 * carries the commands of its batch, which are for replicas themselves, and bodies so short that they travelled with their
 * references; those who execute get all others from the filter nodes. A reference alone tells which rule is its own, so that
 * all replicas judge a content alike.
 */

import type { Keys } from '@concordat/crypto';
import type { Digest } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { INLINE_BYTES, UNSIGNED } from '../admission/codec.ts';
import type { FullBatch } from '../batch.ts';
import { ordersReferences } from '../config.ts';
import { isCommand, type Request, type RequestRef, requestDigest } from '../request.ts';
import type { ReplicaState } from './state.ts';

/** True if this is what the reference names: by its own words, too, which those who have no body must go by. */
const isNamed = (request: Request | undefined, digest: Digest | undefined, ref: RequestRef): boolean =>
  digest !== undefined &&
  equalBytes(digest, ref.digest) &&
  request?.seq === ref.seq &&
  request.client === ref.client &&
  request.domain === ref.domain;

/** For each reference its request, or null where the content does not carry it; null if it carries others. */
export function carried(
  keys: Pick<Keys, 'hash'>,
  cluster: Digest,
  { batch, requests }: FullBatch,
): (Request | null)[] | null {
  const digests = requests.map((request) => requestDigest(keys, cluster, request));
  let at = 0;
  const found = batch.refs.map((ref) =>
    isNamed(requests[at], digests[at], ref) ? (requests[at++] ?? null) : null,
  );
  return at === requests.length ? found : null;
}

/** True if a content carries all that it must, and nothing that it must not. */
export const carriesRightly = (
  { batch }: Pick<FullBatch, 'batch'>,
  found: readonly (Request | null)[],
  isByReference: boolean,
): boolean =>
  batch.refs.every(({ client }, i) => {
    const request = found[i] ?? null;
    if (!isByReference || isCommand(client)) return request !== null;
    return request === null || request.body.length < INLINE_BYTES;
  });

const NOTHING = new Uint8Array(0);

/** What a replica executes of a batch: of a request whose body is not here, that it was made. */
export function executable({ config }: ReplicaState, { batch, requests }: FullBatch): readonly Request[] {
  if (!ordersReferences(config)) return requests;
  let at = 0;
  return batch.refs.map(({ domain, client, seq }) => {
    const next = requests[at];
    if (next?.seq !== seq || next.client !== client || next.domain !== domain)
      return { domain, client, seq, acked: 0, body: NOTHING, signature: UNSIGNED };
    at++;
    return next;
  });
}
