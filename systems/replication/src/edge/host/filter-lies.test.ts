/** One filter node lies, on real sockets: what a client asks is done, small and large, and the others' word is enough. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHost, createMemoryDisk, generateIdentity } from '@concordat/runtime';
import { createFilter } from '../../admission/filter/filter.ts';
import { filterLies } from '../../compliance/admission-attacks.ts';
import type { FilterStrategy } from '../../compliance/cluster.ts';
import { connectClient } from '../client/connect.ts';
import { unwrap } from '../client/outcome.ts';
import { encodeCall } from '../service/frames.ts';
import { filterRequests } from '../testing/asking.ts';
import { dial } from '../testing/dial.ts';
import { noted } from '../testing/noted.ts';
import { shelf } from '../testing/shelf.ts';
import { frameMessage } from './client-port.ts';
import { createCluster } from './embedded.ts';
import { filterAt } from './filter.ts';
import { filterFraming } from './filter-port.ts';
import { readHome } from './home.ts';
import { listenersFor, memberCodec, peersOf } from './member.ts';
import { clientCardOf, type Membership } from './membership.ts';

const identity = generateIdentity('outside');
const LIAR = 2;
const pause = () => new Promise((next) => setTimeout(next, 5));

/** In the place of a filter node that was killed, with its identity. */
async function hostLiar(membership: Membership, directory: string, lie: FilterStrategy) {
  const own = readHome(join(directory, `filter-${LIAR}`));
  const { self, card, keys, options, first, end } = filterAt(membership, own);
  return await createHost({
    self,
    process: lie(createFilter(options)),
    codec: memberCodec,
    keys,
    journal: createMemoryDisk().open(),
    members: { self, listen: card, tls: own.tls, peers: peersOf(membership, self) },
    listeners: listenersFor(card, own, filterFraming(first, end)),
  });
}

test('whatever a filter node lies about, calls are answered and bodies are found', {
  timeout: 60_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'concordat-lies-'));
  try {
    const clients = [clientCardOf('outside', identity)];
    const options = { u: 1, r: 1, preset: 'upright-separated', clients, directory } as const;
    await using cluster = await createCluster(shelf, options);
    const { membership, executors } = cluster;
    await using client = connectClient(shelf, { membership, identity, retransmitMs: 100 });
    let puts = 0;
    for (const [i, [name, lie]] of Object.entries(filterLies).entries()) {
      await cluster.killFilter(LIAR);
      await using liar = await hostLiar(membership, directory, lie());
      while (liar.linked.length < membership.members.length) await pause();
      const content = new Uint8Array(100_000).fill(i);
      for (const size of [10, 10, 100_000, 10])
        assert.equal(
          unwrap(await client.call('put', { name: 'own', content: content.slice(0, size) })),
          ++puts,
          name,
        );
      // A client whose large bodies the liar should send to executors; it asks once, and all.
      const asked = executors.reduce((sum, executor) => sum + noted(executor, 'body-asked'), 0);
      const body = encodeCall('operation', 'put', shelf.operations.put, { name: 'by hand', content });
      const byHand = { client: LIAR - 1 + 4 * (i + 1), seq: 1, body };
      for (const [filter, each] of filterRequests(membership, identity, byHand).entries())
        dial(membership.filters?.[filter]?.clientPort ?? 0).socket.end(frameMessage(each));
      puts++;
      for (const executor of executors) {
        while (unwrap(await executor.peek('puts', {})) < puts) await pause();
        assert.deepEqual(unwrap(await executor.peek('content', { name: 'by hand' })), content, name);
      }
      const nowAsked = executors.reduce((sum, executor) => sum + noted(executor, 'body-asked'), 0);
      if (/bodies|silence/.test(name)) assert.ok(nowAsked > asked, `${name}: others are asked`);
    }
    const spoilt = cluster.members.reduce((sum, member) => sum + noted(member, 'strike'), 0);
    assert.ok(spoilt > 0, 'members notice rows that do not hold');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
