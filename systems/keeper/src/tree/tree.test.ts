/** The indexes derived from the nodes stay right whatever becomes of the state. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeeperService } from '../service.ts';
import { sessionIdOf } from '../sessions/session-id.ts';
import { createTestService } from '../testing/raw-client.ts';
import { restoreFrom } from '../testing/state-checks.ts';
import { ephemeralsOf, putNode } from './tree.ts';
import type { Owner, Znode } from './znode.ts';

const [ONE, OTHER] = [sessionIdOf(0, 1), sessionIdOf(1, 1)];

function put(service: KeeperService, path: string, owner: Owner): void {
  const blank = service.keeper.tree.nodes.get('/') as Znode;
  putNode(service.keeper.tree, path, { ...blank, owner });
}

test('a node that is another session\u2019s in a snapshot is that session\u2019s after the restore', () => {
  const [donor, behind] = [createTestService(), createTestService()];
  put(donor, '/e', OTHER);
  put(behind, '/e', ONE);
  restoreFrom(donor, behind);
  assert.deepEqual(ephemeralsOf(behind.keeper.tree, ONE), []);
  assert.deepEqual(ephemeralsOf(behind.keeper.tree, OTHER), ['/e']);
});
