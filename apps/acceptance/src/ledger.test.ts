/** After an acknowledgement only it or something later may be seen. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLedger } from './ledger.ts';

test('an acknowledged write may not be lost, nor an acknowledged delete undone', () => {
  const ledger = createLedger();
  ledger.acknowledged('/a', ledger.invoked('/a', 'one'));
  assert.equal(ledger.judge('/a', 'one'), null);
  assert.match(String(ledger.judge('/a', null)), /holds no node, not 'one'/);
  ledger.acknowledged('/a', ledger.invoked('/a', null));
  assert.equal(ledger.judge('/a', null), null);
  assert.match(String(ledger.judge('/a', 'one')), /holds 'one', not no node/);
});

test('an unanswered write may have happened until a later one is acknowledged', () => {
  const ledger = createLedger();
  ledger.acknowledged('/a', ledger.invoked('/a', 'one'));
  ledger.invoked('/a', 'two');
  assert.equal(ledger.judge('/a', 'one'), null);
  assert.equal(ledger.judge('/a', 'two'), null);
  assert.notEqual(ledger.judge('/a', 'three'), null);
  ledger.acknowledged('/a', ledger.invoked('/a', 'three'));
  assert.notEqual(ledger.judge('/a', 'two'), null);
  assert.equal(ledger.acknowledgements, 2);
});

test('a refused write has not happened', () => {
  const ledger = createLedger();
  ledger.refused('/a', ledger.invoked('/a', 'one'));
  assert.notEqual(ledger.judge('/a', 'one'), null);
  assert.equal(ledger.judge('/a', null), null);
});
