/** The audit of real processes in simulated worlds: a protocol that holds, and the same without its threat. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describePlan } from './deviation.ts';
import { searchDeviations } from './search.ts';
import { exchange, withholdKeys } from './testing/exchange.ts';

/** A key is worth ten times what sending it costs. */
const options = { seed: 1, budget: 250, prices: [300, -1], epsilon: 0.05 };

test('withholding keys pays where nobody remembers, and the search finds that all of them do', () => {
  const { finding } = searchDeviations(exchange(false), [withholdKeys], options);
  assert.equal(finding.verdict, 'fail');
  assert.equal(describePlan(finding.plan), 'withhold keys (chance 1)');
  assert.ok((finding.outsiders?.upper ?? 0) < 0, 'at the cost of the others');
});

test('it does not pay where debtors are not served', () => {
  const { finding } = searchDeviations(exchange(true), [withholdKeys], options);
  assert.equal(finding.verdict, 'pass');
  assert.ok((finding.relative?.upper ?? 1) <= 0.05);
});
