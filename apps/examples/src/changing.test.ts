/** Four programs with directories of their own replace one of them by a fifth, as the README of the library says. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  cardOf,
  createAdmin,
  createHome,
  decodeReconfigure,
  type Federation,
  type MemberCard,
  readAdmin,
  replicate,
  unwrap,
} from '@concordat/replication/edge';
import { createLogger, freePort } from '@concordat/runtime';
import { proposeReplacement, review, submit } from './changing.ts';
import { counter } from './counter.ts';

const LOOPBACK = '127.0.0.1';
const logger = createLogger({ write: () => {} });

test('a member is replaced while the counter counts', { timeout: 60_000 }, async () => {
  const parent = mkdtempSync(join(tmpdir(), 'concordat-changing-'));
  const homeOf = (name: string): string => join(parent, name);
  const adminOf = (name: string): string => join(parent, `${name}-admin.json`);
  const organisation = async (name: string): Promise<MemberCard> => {
    const identity = await createHome(homeOf(name), name);
    // In earnest on another machine: whoever breaks into the member's must not be able to approve.
    const admin = createAdmin(adminOf(name), name);
    return cardOf(name, identity, { host: LOOPBACK, port: await freePort() }, admin);
  };
  const running: { close(): Promise<void> }[] = [];
  try {
    const members: MemberCard[] = [];
    for (const name of ['ada', 'bob', 'cyd', 'dan']) members.push(await organisation(name));
    const membership = { u: 1, r: 1, members };
    const left: Federation[] = [];
    const start = async (name: string, more: Partial<Parameters<typeof replicate>[1]> = {}) => {
      const replica = await replicate(counter, {
        ...membership,
        directory: homeOf(name),
        logger,
        settings: { checkpointInterval: 16, window: 32 },
        onEpoch: (federation) => {
          if (federation.hasLeft) left.push(federation);
        },
        ...more,
      });
      running.push(replica);
      return replica;
    };
    const [ada, bob] = [await start('ada'), await start('bob'), await start('cyd'), await start('dan')];
    assert.equal(unwrap(await ada.call('add', { amount: 3 })), 3);

    let proposal = proposeReplacement(ada.configuration(), 'dan', await organisation('eve'));
    assert.equal(await submit(proposal, bob), 'refused: 3 approvals are needed, here are 0');
    for (const name of ['ada', 'bob', 'cyd'])
      proposal = review(proposal, ada.configuration(), membership, readAdmin(adminOf(name)), (changes) =>
        changes.every((change) => ['eve joins', 'dan leaves'].includes(change)),
      );
    const later = decodeReconfigure(proposal)?.next;
    assert.ok(later !== undefined);
    const eve = await start('eve', { later });
    assert.match(await submit(proposal, bob), /^epoch 1 begins after slot \d+$/);

    while (left.length === 0 || !eve.status().isMember) await new Promise((next) => setTimeout(next, 10));
    assert.deepEqual(left[0]?.members, ['ada', 'bob', 'cyd', 'eve']);
    assert.equal(unwrap(await eve.call('add', { amount: 4 })), 7);
  } finally {
    await Promise.all(running.map((replica) => replica.close()));
    rmSync(parent, { recursive: true, force: true });
  }
});
