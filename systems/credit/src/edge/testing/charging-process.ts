/** A process that charges as fast as it can, tells its parent how many charges are durable, and waits to be killed. */

import { genie } from '../../index.ts';
import { pay } from '../../network/payment.ts';
import { openDirectoryLog } from '../store/directory-log.ts';
import { openCreditStore } from '../store/store.ts';

// Nobody is left behind by a test that was stopped.
process.on('disconnect', () => process.exit());

const HOUR_MS = 3_600_000;
const directory = process.argv[2] as string;
const store = await openCreditStore({
  log: await openDirectoryLog({ directory, segmentBytes: 64 * 1024 }),
  policy: genie({ credit: 1_000_000, replenish: 1, everyMs: HOUR_MS }),
  clock: () => 5 * HOUR_MS,
  snapshotEvery: 250,
});
const { network } = store.ledger;
if (network.nodeCount === 0) {
  for (const name of ['a', 'b', 'c']) store.apply({ kind: 'account', name });
  for (const a of [0, 1])
    store.apply({
      kind: 'link',
      period: network.period,
      a,
      b: a + 1,
      credit: 1_000_000,
      creditBack: 1_000_000,
    });
}
let total = 1_000_000 - (network.out[0] as number);
for (;;) {
  for (let i = 0; i < 7; i += 1) {
    const result = pay(network, { from: 0, to: 2, amount: 1 });
    if (result.ok) store.record({ kind: 'pay', period: network.period, steps: result.steps });
  }
  await store.durable();
  total += 7;
  process.send?.(total);
}
