/** What a client says to filter nodes, by hand: for tests that change it on its way, or say it to some of them. */

import type { Identity } from '@concordat/runtime';
import { createKeys } from '@concordat/runtime';
import type { FilterRequest } from '../../admission/messages.ts';
import { replicaConfig } from '../../config.ts';
import type { Message } from '../../replica/messages.ts';
import { routeFor } from '../host/filter-node.ts';
import { clusterOf, compositionOf, domainOf, type Membership, publicKeysOf } from '../host/membership.ts';
import { filtersIn } from '../host/stages.ts';

export interface Asked {
  readonly client: number;
  readonly seq: number;
  readonly body: Uint8Array;
}

/** By filter node: this request with the MAC for it. */
export function filterRequests(
  membership: Membership,
  { seed, publicKey }: Pick<Identity, 'seed' | 'publicKey'>,
  asked: Asked,
): readonly FilterRequest[] {
  const domain = domainOf(membership, publicKey);
  const { preset, faults } = compositionOf(membership);
  const cluster = clusterOf(membership);
  const order = replicaConfig({ self: domain, cluster, faults, ...preset.settings });
  const identities = { seed, publicKeys: publicKeysOf(membership) };
  const { hash } = createKeys({ self: domain, ...identities });
  const { route } = routeFor(order, { self: domain, identities, hash });
  const said = new Map<number, Message>();
  const env = { send: (to: number, message: Message) => void said.set(to, message) };
  route?.send(env, route.seal({ domain, acked: 0, ...asked }), true, order.members);
  return filtersIn(membership).map((id) => said.get(id) as FilterRequest);
}
