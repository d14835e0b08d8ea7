/**
 * What a request of a client that is no member costs, admitted by its signature - which all replicas check, or where its
 * connection shows a certificate only the primary - or by a request quorum: the real code of
 * four replicas and four filter nodes with real keys, in one thread. In this size it asserts counts and prints figures;
 * `BENCH_SCALE=20` makes it long enough to compare them, side by side in one run.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMacs } from '@concordat/crypto';
import { FIRST_CONNECTION, type NodeId } from '@concordat/kernel';
import {
  createKeys,
  createPairSecrets,
  generateIdentity,
  type Identity,
  type RuntimeKeys,
  sha256,
} from '@concordat/runtime';
import { utf8 } from '@concordat/wire';
import { filterRoute } from '../admission/client-route.ts';
import { createFilter } from '../admission/filter/filter.ts';
import { filterSettings } from '../admission/filter/state.ts';
import type { PairKeys } from '../admission/pair-keys.ts';
import { allFilters, filterId } from '../admission/request-quorum/filters.ts';
import { type ClientState, call, createClient } from '../client/client.ts';
import { addOperation, createLedger } from '../compliance/ledger.ts';
import { type ReplicaSettings, replicaConfig } from '../config.ts';
import { quorumsOf } from '../fault-model.ts';
import { presets } from '../presets/index.ts';
import { createReplica } from '../replica/replica.ts';
import { createLoopback, type Loopback } from './testing/loopback.ts';

const SCALE = Number(process.env['BENCH_SCALE'] ?? 1);
const FAULTS = { u: 1, r: 1 };
const MEMBERS = [0, 1, 2, 3];
const OUTSTANDING = 32;
const CLIENT = FIRST_CONNECTION;
const cluster = sha256(utf8('admission cost'));
const quorums = quorumsOf(FAULTS);

interface Member {
  readonly keys: RuntimeKeys;
  readonly pair: PairKeys;
}

function createMembers(): Member[] {
  const identities: Identity[] = MEMBERS.map(() => generateIdentity());
  const publicKeys = new Map(identities.map(({ publicKey }, id) => [id, publicKey]));
  return identities.map(({ seed }, self) => ({
    keys: createKeys({ self, seed, publicKeys }),
    pair: { macs: createMacs(), secrets: createPairSecrets({ seed, publicKeys }) },
  }));
}

function addReplicas(net: Loopback, members: readonly Member[], settings: Partial<ReplicaSettings>): void {
  for (const [self, { keys, pair }] of members.entries()) {
    const config = replicaConfig({ self, cluster, faults: FAULTS, ...settings });
    const process = createReplica({ config, keys, pair, createService: () => createLedger(sha256) });
    net.add(self, process, ({ signer, bytes, signature }) => keys.verify(signer, bytes, signature));
  }
}

function addFilters(net: Loopback, members: readonly Member[]): void {
  for (const filter of allFilters(quorums)) {
    const { pair } = members[filter] as Member;
    const options = { cluster, quorums, members: MEMBERS, filter, hash: sha256, pair, ...filterSettings };
    net.add(filterId(filter), createFilter(options), () => false);
  }
}

/** Microseconds of work for a request. */
interface Costs {
  readonly client: number;
  readonly filters: number;
  readonly primary: number;
  readonly backups: number;
}

/** One client keeps requests outstanding until so many are answered. */
function measure(
  settings: Partial<ReplicaSettings>,
  body: Uint8Array,
  requests: number,
  isVouched = false,
): Costs {
  const members = createMembers();
  const net = createLoopback((from, m) =>
    isVouched && from === CLIENT && m.type === 'request' ? { ...m, isVouched } : m,
  );
  addReplicas(net, members, settings);
  const hasFilters = settings.admission === 'request-quorum';
  if (hasFilters) addFilters(net, members);
  const { keys, pair } = members[1] as Member;
  const shared = { cluster, quorums, members: MEMBERS, domain: 1 };
  const client = net.add(
    CLIENT,
    createClient({
      ...shared,
      keys,
      client: 1,
      clientWindow: OUTSTANDING,
      retransmitMs: 5000,
      ...(hasFilters && { route: filterRoute({ ...shared, hash: sha256, pair }) }),
    }),
    () => false,
  );
  const answered = (upTo: number): void => {
    for (let rounds = 0; client.state.results.size < upTo; rounds++) {
      assert.ok(rounds < 40 * upTo, 'requests are answered');
      client.act((s: ClientState, env) => {
        while (s.nextSeq <= upTo && call(s, env, body) !== null);
      });
      net.round();
    }
  };
  answered(Math.ceil(requests / 4));
  net.forgetCpu();
  answered(requests + Math.ceil(requests / 4));
  const cost = (...ids: readonly NodeId[]): number =>
    ids.reduce((sum, id) => sum + net.cpuUs(id), 0) / requests;
  return {
    client: cost(CLIENT),
    filters: cost(...allFilters(quorums).map(filterId)),
    primary: cost(0),
    backups: cost(1, 2, 3),
  };
}

const total = ({ client, filters, primary, backups }: Costs): number => client + filters + primary + backups;

for (const [size, name] of [
  ['small', 'a'],
  ['of 250 bytes', 'a'.repeat(240)],
] as const)
  test(`what a request costs, ${size}`, { timeout: 120_000 }, (t) => {
    const requests = 100 * SCALE;
    const body = addOperation(name, 1);
    const { settings } = presets.upright;
    const bySignature = measure({ ...settings, admission: 'signature' }, body, requests);
    const byLink = measure({ ...settings, admission: 'signature' }, body, requests, true);
    const byQuorum = measure(settings, body, requests);
    for (const [way, costs] of Object.entries({
      'signature, checked by all': bySignature,
      'signature, checked by the primary': byLink,
      'request quorum': byQuorum,
    })) {
      const parts = Object.entries(costs).map(([role, us]) => `${role} ${us.toFixed(0)}`);
      t.diagnostic(`${way}: ${total(costs).toFixed(0)} us for a request: ${parts.join(', ')}`);
    }
    const ratios = [bySignature, byLink].map((costs) => (total(costs) / total(byQuorum)).toFixed(2));
    t.diagnostic(`signature / request quorum: ${ratios.join(' and ')}`);
    assert.equal(bySignature.filters, 0);
    assert.ok(byQuorum.filters > 0);
  });
