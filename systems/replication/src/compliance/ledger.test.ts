/** The service of the suites is itself a service of two versions. */

import { describe, it } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { serviceSuite } from '@concordat/kernel/compliance';
import { utf8 } from '@concordat/wire';
import { addOperation, createLedger } from './ledger.ts';
import { NEW } from './upgrades.ts';

describe('the ledger', () => {
  for (const { name, run } of serviceSuite({
    create: (version) => createLedger(modelHash, version, NEW),
    operation: (random) => addOperation(`counter ${random.below(9)}`, random.below(5)),
    query: (random) => utf8(`counter ${random.below(9)}`),
  }))
    it(name, run);
});
