/**
 * The filter node beside a replica, in whatever place the replica's present configuration gives it: none where requests
 * are admitted by signature or the replica is no member, and from epoch to epoch another number, other columns, other keys.
 */

import type { Hash } from '@concordat/crypto';
import { assert } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { configurationIn } from '../governance/chain.ts';
import { delegateOf } from '../governance/configuration.ts';
import { admittedAhead } from '../pool.ts';
import type { ReplicaState } from '../replica/state.ts';
import type { Hosting } from './colocated.ts';
import { createFilter } from './filter/filter.ts';
import { refresh } from './filter/log.ts';
import { type FilterOptions, filterSettings } from './filter/state.ts';

export const besideReplica = (hash: Hash): Hosting<ReplicaState> => ({
  epochOf: (s) => (s.vouching === null ? null : s.config.epoch),
  placeOf: (s) => s.config,
  start: (s) => createFilter(optionsAt(s, hash)),
  move: (filter, s) => refresh(filter, optionsAt(s, hash)),
});

function optionsAt(s: ReplicaState, hash: Hash): FilterOptions {
  const { vouching, config } = s;
  assert(vouching !== null, 'a filter node is where requests are admitted by a quorum of them');
  const { cluster, quorums, members, self, domainBytes, epoch } = config;
  return {
    ...filterSettings,
    cluster,
    quorums,
    members,
    filter: members.indexOf(self),
    hash,
    pair: vouching.pair,
    clientWindow: admittedAhead(config),
    domainBytes,
    epoch,
    isKept: (domain, since) => hasKept(s, domain, since),
  };
}

/** True if a domain signs with the key that it had in an earlier epoch. */
function hasKept(s: ReplicaState, domain: number, since: number): boolean {
  const [then, now] = [since, s.config.epoch].map((epoch) => {
    const configuration = configurationIn(s, epoch);
    return configuration === null ? null : delegateOf(configuration, domain);
  });
  return then != null && now != null && equalBytes(then.key, now.key);
}
