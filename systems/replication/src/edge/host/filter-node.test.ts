/**
 * Members with the preset `upright` on real sockets and disks, each with a filter node beside its replica: calls are admitted
 * by the MACs of identities, also while a member is away and after all have restarted from their journals.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger, freePort } from '@concordat/runtime';
import { unwrap } from '../client/outcome.ts';
import { counter } from '../testing/counter.ts';
import { createHome } from './home.ts';
import { cardOf, type MemberCard } from './membership.ts';
import { replicate } from './replicate.ts';

const LOOPBACK = '127.0.0.1';
const logger = createLogger({ write: () => {} });
const NAMES = ['ada', 'bob', 'cyd', 'dan'];

test('calls pass filter nodes, outlive a member, and are there after a restart', {
  timeout: 60_000,
}, async () => {
  const parent = mkdtempSync(join(tmpdir(), 'concordat-filter-'));
  try {
    const homes = NAMES.map((name) => join(parent, name));
    const members: MemberCard[] = [];
    for (const [i, directory] of homes.entries()) {
      const name = NAMES[i] as string;
      const identity = await createHome(directory, name);
      members.push(cardOf(name, identity, { host: LOOPBACK, port: await freePort() }));
    }
    const start = (directory: string) =>
      replicate(counter, {
        u: 1,
        r: 1,
        members,
        directory,
        logger,
        preset: 'upright',
      });
    const replicas = await Promise.all(homes.map(start));
    assert.equal(unwrap(await replicas[0]!.call('add', { amount: 5 })), 5);
    const parallel = Array.from({ length: 40 }, (_, i) => replicas[i % 4]!.call('add', { amount: 1 }));
    for (const outcome of await Promise.all(parallel)) unwrap(outcome);
    await replicas[3]!.close();
    assert.equal(unwrap(await replicas[1]!.call('add', { amount: 1 })), 46);
    await Promise.all(replicas.slice(0, 3).map((replica) => replica.close()));
    const again = await Promise.all(homes.map(start));
    assert.equal(unwrap(await again[2]!.call('add', { amount: 1 })), 47);
    await Promise.all(again.map((replica) => replica.close()));
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});
