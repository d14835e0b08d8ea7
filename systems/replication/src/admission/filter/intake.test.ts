/** Whom a filter node hears: domains that may ask, by their MACs; and what becomes of others. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMacs, createModelPairSecrets, modelHash } from '@concordat/crypto';
import { type Env, FIRST_CONNECTION, type NodeId } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { createIdleEnv } from '../../compliance/idle-env.ts';
import { executorIds, firstMembers } from '../../config.ts';
import { quorumsOf } from '../../fault-model.ts';
import type { Message } from '../../replica/messages.ts';
import { COMMAND_CLIENT, type Request, refOf, requestDigest } from '../../request.ts';
import { filterRoute } from '../client-route.ts';
import { UNSIGNED } from '../codec.ts';
import type { FilterRequest } from '../messages.ts';
import { filterId } from '../request-quorum/filters.ts';
import { createFilter } from './filter.ts';
import { type FilterOptions, type FilterState, filterSettings } from './state.ts';

const cluster = modelHash(utf8('intake test'));
const quorums = quorumsOf({ u: 1, r: 1 });
const members = firstMembers(quorums);
const executors = executorIds(quorums);
const secretsOf = createModelPairSecrets(200, 1);
const macs = createMacs();
/** A filter node that is a machine apart. */
const options: FilterOptions = {
  ...filterSettings,
  cluster,
  quorums,
  members,
  executors,
  filter: 0,
  hash: modelHash,
  pair: { macs, secrets: secretsOf(filterId(0)) },
  submitters: new Set([31, 128, 130]),
};

const requestOf = (domain: number, client = 7): Request => ({
  domain,
  client,
  seq: 1,
  acked: 0,
  body: utf8(`${domain} asks`),
  signature: UNSIGNED,
});

/** What a domain says to a filter node. */
function asked(domain: number, client = 7, filter = 0): FilterRequest {
  const pair = { macs, secrets: secretsOf(domain) };
  const said = new Map<NodeId, Message>();
  filterRoute({ cluster, quorums, members, hash: modelHash, pair, domain, hasExecutors: true }).send(
    { send: (to: NodeId, message: Message) => void said.set(to, message) },
    requestOf(domain, client),
    true,
    [],
  );
  return said.get(filterId(filter)) as FilterRequest;
}

function start() {
  const records: Uint8Array[] = [];
  const noted: string[] = [];
  const closed: NodeId[] = [];
  const env: Env<Message> = {
    ...createIdleEnv(filterId(0), 1000),
    append: (record) => records.push(record.slice()) - 1,
    note: ({ kind }) => void noted.push(kind),
    close: (id) => void closed.push(id),
  };
  const process = createFilter(options);
  const s = process.start(env, { records: [], first: 0, whole: true, losses: 0 });
  const again = () => process.start(env, { records, first: 0, whole: true, losses: 0 });
  const hear = (from: NodeId, m: Message): void => process.receive(s, env, from, m);
  return { s, hear, noted, closed, again };
}

const domainsIn = (s: FilterState): number[] => [...s.log].map(({ ref }) => ref.domain);

test('executors and clients from outside are heard, each by its own key, and over a restart', () => {
  const { s, hear, noted, again } = start();
  for (const domain of [31, 128, 130]) hear(domain === 31 ? 31 : FIRST_CONNECTION + domain, asked(domain));
  assert.deepEqual(domainsIn(s), [31, 128, 130]);
  assert.deepEqual(noted, []);
  assert.deepEqual(domainsIn(again()), [31, 128, 130]);
});

test('members, domains that nobody told of, and commands are not', () => {
  const { s, hear } = start();
  for (const domain of [0, 3, 32, 129]) hear(FIRST_CONNECTION, asked(domain));
  hear(FIRST_CONNECTION, asked(128, COMMAND_CLIENT));
  assert.deepEqual(domainsIn(s), []);
});

test('a MAC for another filter node, or of another domain, ends a connection, and no link', () => {
  const { s, hear, noted, closed } = start();
  const own = asked(128);
  const elsewhere = { ...own, mac: asked(128, 7, 1).mac };
  const another = { ...own, mac: asked(130).mac };
  hear(FIRST_CONNECTION + 1, elsewhere);
  hear(FIRST_CONNECTION + 2, another);
  hear(31, elsewhere);
  assert.deepEqual(noted, ['strike', 'strike', 'drop']);
  assert.deepEqual(closed, [FIRST_CONNECTION + 1, FIRST_CONNECTION + 2]);
  assert.deepEqual(domainsIn(s), []);
});

test('what enough members want adopted is, of those who may ask', () => {
  const { s, hear } = start();
  for (const domain of [128, 129]) {
    const request = requestOf(domain);
    const ref = refOf(request, requestDigest({ hash: modelHash }, cluster, request));
    const content = { acked: 0, body: request.body };
    for (const member of [1, 2]) hear(member, { type: 'adopt', ref, content });
  }
  assert.deepEqual(domainsIn(s), [128]);
});
