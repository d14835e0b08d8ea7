/** Who is blamed for a false signature: its maker, and never a member that may have been deceived itself. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModelKeys } from '@concordat/crypto';
import { type Env, FIRST_CONNECTION, type NodeId } from '@concordat/kernel';
import { noPolicies } from '../robust/policies.ts';
import { createRobust } from '../robust/state.ts';
import type { Message } from './messages.ts';
import type { ReplicaState } from './state.ts';
import { takeVerified, verifyOnce, verifyThen } from './verification.ts';

const signature = new Uint8Array(64);
const request = { domain: 4, client: 1, seq: 1, acked: 0, body: new Uint8Array(1), signature };
const shown: Message = { type: 'request', request };
const batch: Message = { type: 'batch', slot: 1, batch: { time: 1, refs: [] }, requests: [request] };
const check = { signer: 4, bytes: new Uint8Array(1), signature };

/** What becomes of `from` when the checks of its message fail. */
function blame(from: NodeId, message: Message) {
  const peers = [0, 1].map(() => ({ checks: 0, distrustedUntil: 0 }));
  const config = { cluster: new Uint8Array(32), policies: noPolicies };
  const keys = createModelKeys(5, 1)(0);
  const robust = createRobust(2, 2, 0);
  const s = { config, keys, peers, robust, verifying: new Map(), nextTicket: 1 } as unknown as ReplicaState;
  const seen = { closed: [] as NodeId[], notes: [] as string[], ticket: 0 };
  const env = {
    now: 10,
    offload: (_job: unknown, ticket: number) => {
      seen.ticket = ticket;
    },
    close: (id: NodeId) => void seen.closed.push(id),
    note: ({ kind }: { kind: string }) => void seen.notes.push(kind),
  } as unknown as Env<Message>;
  verifyThen(s, env, from, [check], message);
  assert.equal(takeVerified(s, env, seen.ticket, false), null);
  return { isDistrusted: peers.some((peer) => peer.distrustedUntil > 10), ...seen };
}

test('a connection that shows a false request is closed', () => {
  assert.deepEqual(blame(FIRST_CONNECTION, shown).closed, [FIRST_CONNECTION]);
});

test('a member that shows a false request is distrusted for a while', () => {
  const { isDistrusted, closed, notes } = blame(1, shown);
  assert.deepEqual([isDistrusted, closed, notes], [true, [], ['strike']]);
});

test('a member that passes on a batch with a bad copy of a request is not blamed', () => {
  const { isDistrusted, notes } = blame(1, batch);
  assert.deepEqual([isDistrusted, notes], [false, ['drop']]);
});

/** Tickets of the checks that are begun when members show proposals, each signed by the primary. */
function shownBy(proposals: readonly (readonly [from: NodeId, bytes: number, signature: number])[]) {
  const peers = [0, 1, 2, 3].map(() => ({ checks: 0, distrustedUntil: 0 }));
  const s = { peers, verifying: new Map(), nextTicket: 1 } as unknown as ReplicaState;
  const tickets: number[] = [];
  const env = { now: 10, offload: (_job: unknown, ticket: number) => void tickets.push(ticket) };
  const show = ([from, bytes, signature]: readonly [NodeId, number, number]): boolean => {
    const proposed = { signer: 0, bytes: Uint8Array.of(bytes), signature: Uint8Array.of(signature) };
    return verifyOnce(s, env as unknown as Env<Message>, from, [proposed], batch);
  };
  for (const proposal of proposals) assert.equal(show(proposal), true);
  return { s, tickets, show, env: env as unknown as Env<Message> };
}

test('copies of a message wait for the check of the first', () => {
  const { s, tickets } = shownBy([
    [0, 1, 1],
    [1, 1, 1],
    [2, 1, 1],
    [0, 1, 1],
  ]);
  assert.deepEqual(tickets, [1]);
  assert.deepEqual(
    [0, 1, 2].map((id) => s.peers[id]?.checks),
    [1, 0, 0],
  );
});

test('what shares only its signature, or only what is signed, is checked: a lie does not stand in for the truth', () => {
  const { tickets } = shownBy([
    [1, 2, 1],
    [0, 1, 1],
    [2, 1, 2],
  ]);
  assert.deepEqual(tickets, [1, 2, 3]);
});

test('after the check a message is checked again, should it be wanted still', () => {
  const { s, tickets, show, env } = shownBy([[1, 1, 1]]);
  takeVerified(s, env, 1, true);
  show([2, 1, 1]);
  assert.deepEqual(tickets, [1, 2]);
});
