/**
 * A Fastify server under a crawl by ten thousand accounts over twenty links, among a thousand honest people, killed in the middle of
 * it: the crawler gets what his links give, honest people hardly notice, and no charge that was acknowledged is forgotten.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { settleRow } from '../../index.ts';
import { openDirectoryLog } from '../store/directory-log.ts';
import { openCreditStore } from '../store/store.ts';
import {
  crawl,
  createTrial,
  killServer,
  nextDay,
  playRounds,
  playTrial,
  startServer,
  type Trial,
} from '../testing/crawl-trial.ts';

const parent = mkdtempSync(join(tmpdir(), 'concordat-crawl-'));
after(() => rmSync(parent, { recursive: true, force: true }));

const CREDIT = 5;
const REPLENISH = 2;
const ATTACK = { accounts: 10_000, attackLinks: 20 };

/** Units that the data says have crossed the attack links, net, on a day without recovery. */
async function unitsKept(trial: Trial): Promise<number> {
  const { directory, honest } = trial.settings;
  const log = await openDirectoryLog({ directory });
  const store = await openCreditStore({ log, policy: trial.network.policy, clock: () => 0 });
  const { network, names } = store.ledger;
  const isHonest = (node: number): boolean => Number(names[node]?.slice(1)) < honest;
  let units = 0;
  for (let node = 0; node < network.nodeCount; node += 1) {
    if (isHonest(node)) continue;
    settleRow(network, node);
    for (let at = network.starts[node] as number; at < (network.ends[node] as number); at += 1)
      if (isHonest(network.targets[at] as number))
        units += (network.base[at] as number) - (network.out[at] as number);
  }
  await store.close();
  return units;
}

test('a crawl by 10,000 accounts over 20 links, with a kill in the middle', {
  timeout: 55_000,
}, async (t) => {
  const settings = {
    directory: join(parent, 'data'),
    honest: 1000,
    attack: ATTACK,
    credit: CREDIT,
    replenish: REPLENISH,
  };
  const trial = createTrial(settings, 11);
  await startServer(trial);
  await playRounds(trial, 1000, () => trial.crawlerUnits >= 40);
  // Some are answered and some are under way when it dies.
  const underWay = Array.from({ length: 60 }, () => crawl(trial));
  await Promise.race(underWay);
  await killServer(trial);
  await Promise.all(underWay);
  const kept = await unitsKept(trial);
  const full = CREDIT * ATTACK.attackLinks;
  assert.ok(kept >= trial.crawlerUnits && kept <= full, `${trial.crawlerUnits} acknowledged, ${kept} kept`);
  const unheard = kept - trial.crawlerUnits;

  await startServer(trial);
  for (let day = 0; day < 3; day += 1) {
    if (day > 0) assert.equal((await nextDay(trial))?.status, 200);
    await playRounds(trial, 60);
  }
  await killServer(trial);
  const bound = full + 2 * REPLENISH * ATTACK.attackLinks;
  t.diagnostic(
    `crawler: ${trial.crawlerViews} views, ${trial.crawlerUnits} units, ${unheard} more charged as it died, of at most ${bound}; ` +
      `honest: ${trial.honestRefused} of ${trial.honestViews} refused`,
  );
  assert.ok(trial.crawlerUnits + unheard <= bound && trial.crawlerUnits + unheard > 0.8 * bound);
  assert.ok(trial.honestViews > 1500 && trial.honestRefused < 0.02 * trial.honestViews);
  trial.agent.destroy();
});

test('live, a crawler gets four times as much by four times the links, and nothing by a hundred times the accounts', {
  timeout: 55_000,
}, async (t) => {
  const play = async (accounts: number, attackLinks: number) => {
    const directory = join(parent, `${accounts}-${attackLinks}`);
    const settings = {
      directory,
      honest: 300,
      attack: { accounts, attackLinks },
      credit: CREDIT,
      replenish: REPLENISH,
    };
    const figure = await playTrial(settings, 2, 60, 5);
    t.diagnostic(JSON.stringify(figure));
    assert.ok(figure.crawlerUnits <= figure.unitsBound && figure.crawlerUnits > 0.9 * figure.unitsBound);
    assert.ok(figure.honestRefused < 0.02 * figure.honestViews);
    return figure;
  };
  const [few, more, crowd] = [await play(50, 4), await play(50, 16), await play(5000, 16)];
  assert.ok(more.crawlerUnits > 3.5 * few.crawlerUnits && more.crawlerUnits < 4.5 * few.crawlerUnits);
  assert.ok(crowd.crawlerViews <= 1.05 * more.crawlerViews);
});
