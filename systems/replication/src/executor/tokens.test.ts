/** Tokens of executors: what makes a certificate, and what tells of an application that is not deterministic. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Env, Note } from '@concordat/kernel';
import { quorumsOf } from '../fault-model.ts';
import type { Checkpoint, Message } from '../replica/messages.ts';
import { addToken, createTokens, forgetTokens } from './tokens.ts';

const token = (sender: number, state: number, slot = 8): Checkpoint => ({
  type: 'checkpoint',
  slot,
  history: new Uint8Array(32),
  state: new Uint8Array(32).fill(state),
  sender,
  incarnation: 0,
  epoch: 0,
  signature: new Uint8Array(64),
});

/** Adds tokens of executors 31, 32 ... with these states; who is in the certificate at the end, and what was noted. */
function tell(faults: { u: number; r: number }, states: readonly number[]) {
  const notes: Note[] = [];
  const env = { note: (note: Note) => void notes.push(note) } as unknown as Env<Message>;
  const tokens = createTokens();
  let certified: readonly number[] | null = null;
  for (const [i, state] of states.entries())
    certified ??=
      addToken(tokens, env, quorumsOf(faults), token(31 + i, state))?.map(({ sender }) => sender) ?? null;
  return { certified, notes: notes.map(({ kind }) => kind) };
}

test('max(u, r) + 1 equal tokens are a certificate', () => {
  assert.deepEqual(tell({ u: 1, r: 0 }, [1]), { certified: null, notes: [] });
  assert.deepEqual(tell({ u: 1, r: 0 }, [1, 1]), { certified: [31, 32], notes: [] });
  assert.deepEqual(tell({ u: 2, r: 1 }, [1, 1]), { certified: null, notes: [] });
  assert.deepEqual(tell({ u: 2, r: 1 }, [1, 2, 1, 1]), { certified: [31, 33, 34], notes: [] });
});

test('more different ones than may lie are not lies', () => {
  assert.deepEqual(tell({ u: 1, r: 0 }, [1, 2]).notes, ['non-deterministic']);
  assert.deepEqual(tell({ u: 1, r: 1 }, [1, 2]).notes, [], 'one may lie');
  assert.deepEqual(tell({ u: 1, r: 1 }, [1, 2, 3]).notes, ['non-deterministic']);
  assert.deepEqual(tell({ u: 2, r: 2 }, [1, 2, 3, 4, 5]).notes, ['non-deterministic'], 'once');
});

test('tokens of what is certified are forgotten', () => {
  const tokens = createTokens();
  const env = { note: () => {} } as unknown as Env<Message>;
  for (const slot of [8, 16]) addToken(tokens, env, quorumsOf({ u: 1, r: 1 }), token(31, 1, slot));
  forgetTokens(tokens, 8);
  assert.deepEqual([...tokens.bySlot.keys()], [16]);
});
