/** What a filter node's client port lets in, and what becomes of those who say something else, or say it falsely. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateIdentity } from '@concordat/runtime';
import type { FilterRequest } from '../../admission/messages.ts';
import type { Message } from '../../replica/messages.ts';
import { COMMAND_CLIENT, GOVERNANCE_CLIENTS } from '../../request.ts';
import { connectClient } from '../client/connect.ts';
import { unwrap } from '../client/outcome.ts';
import { encodeCall } from '../service/frames.ts';
import { filterRequests } from '../testing/asking.ts';
import { counter } from '../testing/counter.ts';
import { dial } from '../testing/dial.ts';
import { noted } from '../testing/noted.ts';
import { frameMessage, MAX_CLIENT_FRAME_BYTES } from './client-port.ts';
import { createCluster } from './embedded.ts';
import { filterFraming } from './filter-port.ts';
import { clientCardOf, type Membership } from './membership.ts';

const DEADLINE = { timeout: 60_000 };
const nothing = new Uint8Array(32);
const framing = filterFraming(128, 130);
const request = (change: object = {}): FilterRequest => ({
  type: 'filter-request',
  request: {
    domain: 128,
    client: 1,
    seq: 1,
    acked: 0,
    body: Uint8Array.of(1, 2, 3),
    signature: new Uint8Array(64),
    ...change,
  },
  mac: new Uint8Array(16),
});
const ref = { domain: 128, client: 1, seq: 1, digest: nothing };
const others: Message[] = [
  { type: 'request', request: request().request },
  { type: 'attach', domain: 128, client: 1, executor: 31, signature: new Uint8Array(64) },
  { type: 'read', epoch: 0, id: 1, isWhole: true, query: Uint8Array.of(1) },
  { type: 'entry', ref, inline: null, bodyBytes: 0, row: new Uint8Array(64) },
  { type: 'adopt', ref, content: null },
  { type: 'fetch-body', ref },
  { type: 'body', request: request().request },
  { type: 'completed', view: 0, done: [{ domain: 128, client: 1, seq: 9 }] },
  { type: 'await-replies', domain: 128, client: 1, seq: 1, mac: new Uint8Array(16) },
];

/** What comes out of these messages on one connection, byte by byte; null if it is cut off. */
function through(...messages: Message[]): Message[] | null {
  const splitter = framing.createSplitter();
  const heard: Message[] = [];
  for (const message of messages)
    for (const byte of frameMessage(message))
      if (!splitter.push(Uint8Array.of(byte), (each) => heard.push(each))) return null;
  return heard;
}

test('requests of known domains pass; commands, other domains and other messages cut the peer off', () => {
  const both = [request(), request({ domain: 129, seq: 2 })];
  assert.deepEqual(through(...both), both);
  for (const change of [
    { domain: 127 },
    { domain: 130 },
    { domain: 31 },
    { domain: 0 },
    { client: COMMAND_CLIENT },
    { client: GOVERNANCE_CLIENTS },
  ])
    assert.equal(through(request(change)), null);
  for (const other of others) assert.equal(through(other), null, other.type);
});

const identity = generateIdentity('outside');
const start = () =>
  createCluster(counter, {
    u: 1,
    r: 1,
    preset: 'upright-separated',
    clients: [clientCardOf('outside', identity)],
  });
const body = encodeCall('operation', 'add', counter.operations.add, { amount: 1000 });
const portOf = ({ filters = [] }: Membership, filter: number): number => filters[filter]?.clientPort ?? 0;

/** A claim of a frame this long, and no more. */
function claim(bytes: number): Uint8Array {
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, bytes);
  return head;
}

test(
  'a hostile stranger ends its connections, each is counted, and clients notice nothing',
  DEADLINE,
  async () => {
    await using cluster = await start();
    const { membership } = cluster;
    const filter = cluster.filters[0]!;
    await using client = connectClient(counter, { membership, identity });
    assert.equal(unwrap(await client.call('add', { amount: 1 })), 1);
    const meet = async (hostile: Uint8Array): Promise<void> => {
      const { socket, heard, ended } = dial(portOf(membership, 0));
      socket.write(hostile);
      await ended;
      assert.deepEqual(heard, []);
    };

    const malformed = [
      claim(0xffffffff),
      claim(MAX_CLIENT_FRAME_BYTES + 1),
      Uint8Array.of(0, 0, 0, 1, 99),
      Uint8Array.from({ length: 500 }, (_, i) => (i * 167) & 0xff),
      frameMessage(request({ domain: 129 })),
      frameMessage(request({ domain: 31 })),
      ...others.map(frameMessage),
    ];
    const dropped = noted(filter, 'connection-dropped');
    for (const bytes of malformed) await meet(bytes);
    assert.equal(noted(filter, 'connection-dropped') - dropped, malformed.length);
    assert.equal(noted(filter, 'strike'), 0);

    const asked = { client: 7, seq: 1, body };
    const genuine = filterRequests(membership, identity, asked);
    const [own, second] = genuine as [FilterRequest, FilterRequest];
    const stranger = { ...generateIdentity('stranger'), publicKey: identity.publicKey };
    const forged = [
      // Made up; another filter node's; a stranger's key; for another body, number, client.
      { ...own, mac: new Uint8Array(16) },
      { ...own, mac: second.mac },
      filterRequests(membership, stranger, asked)[0] as FilterRequest,
      { ...own, request: { ...own.request, body: Uint8Array.of(...body, 0) } },
      { ...own, request: { ...own.request, seq: 2 } },
      { ...own, request: { ...own.request, client: 8 } },
    ];
    for (const each of forged) await meet(frameMessage(each));
    assert.equal(noted(filter, 'strike'), forged.length);

    assert.equal(unwrap(await client.call('add', { amount: 1 })), 2, 'nothing of all that was executed');
    for (const [i, each] of genuine.entries()) dial(portOf(membership, i)).socket.end(frameMessage(each));
    const { peek } = cluster.executors[0]!;
    while (unwrap(await peek('total', {})) !== 1002) await new Promise((next) => setTimeout(next, 5));
    assert.equal(unwrap(await client.call('add', { amount: 1 })), 1003);
  },
);

test(
  'a client whose MACs hold at some filter nodes only: enough of them, or it harms nobody but itself',
  DEADLINE,
  async () => {
    await using cluster = await start();
    const { membership, filters, executors } = cluster;
    await using client = connectClient(counter, { membership, identity });
    const say = async (asked: { client: number; seq: number }, holdsAt: readonly number[]): Promise<void> => {
      const ends: Promise<void>[] = [];
      for (const [i, each] of filterRequests(membership, identity, { ...asked, body }).entries()) {
        const { socket, ended } = dial(portOf(membership, i));
        const holds = holdsAt.includes(i);
        socket.end(frameMessage(holds ? each : { ...each, mac: new Uint8Array(16) }));
        ends.push(ended);
      }
      await Promise.all(ends);
    };
    // Three rows convince everybody.
    await say({ client: 7, seq: 1 }, [0, 1, 2]);
    const { peek } = executors[0]!;
    while (unwrap(await peek('total', {})) !== 1000) await new Promise((next) => setTimeout(next, 5));
    assert.deepEqual(
      filters.map((filter) => noted(filter, 'strike')),
      [0, 0, 0, 1],
    );
    // Two do not, and others are served.
    await say({ client: 8, seq: 1 }, [0, 1]);
    for (let i = 1; i <= 50; i++) assert.equal(unwrap(await client.call('add', { amount: 1 })), 1000 + i);
    // Asked again, of all that it did not tell before.
    await say({ client: 8, seq: 1 }, [0, 1, 2, 3]);
    while (unwrap(await peek('total', {})) !== 2050) await new Promise((next) => setTimeout(next, 5));
  },
);
