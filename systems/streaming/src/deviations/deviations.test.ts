/** What comes of every deviation: evidence and eviction, or neither, and no gain. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeId } from '@concordat/kernel';
import { type StreamConfig, withoutKeyPenalty } from '../config.ts';
import { decodeEvidence, encodeEvidence } from '../evidence/evidence.ts';
import { judgeEvidence } from '../evidence/judging.ts';
import { createSwarm, evictedOf, inTimeShare, meanUtility, type Swarm } from '../testing/swarm.ts';
import { type Deviation, deviationNamed, GOSSIP_DEVIATIONS } from './index.ts';

const PEERS = 72;
const ROUNDS = 32;
const CONFIG = { seeds: 4, auditsPerRound: 8 };
const DEVIANTS: readonly NodeId[] = [7, 19, 33, 58];

const run = (deviation: Deviation | null, rounds = ROUNDS, auditsPerRound = CONFIG.auditsPerRound): Swarm => {
  const deviants = deviation === null ? [] : [{ ids: DEVIANTS, deviation }];
  const swarm = createSwarm({ seed: 5, peers: PEERS, config: { ...CONFIG, auditsPerRound }, deviants });
  swarm.runRounds(rounds);
  return swarm;
};

const obedient = run(null);
const others = obedient.ids.filter((id) => !DEVIANTS.includes(id));

describe('deviations that leave evidence', () => {
  for (const deviation of GOSSIP_DEVIATIONS.filter(({ evidence }) => evidence !== null))
    test(`${deviation.name}: proved by ${deviation.evidence}, evicted, and skipped by everybody`, () => {
      const swarm = run(deviation);
      const evicted = evictedOf(swarm);
      assert.deepEqual(
        [...evicted].sort((a, b) => a - b),
        DEVIANTS,
      );
      const rules = swarm.world.notes
        .filter(({ note }) => note.kind === 'evicted')
        .map(({ note }) => note['rule']);
      assert.deepEqual(new Set(rules), new Set([deviation.evidence]));
      const last = Math.max(...swarm.broadcaster().evictions.entries.map(({ round }) => round));
      for (const id of others) {
        const peer = swarm.peer(id);
        assert.deepEqual(peer.evictions.entries, swarm.broadcaster().evictions.entries);
        for (const trades of peer.trades)
          for (const trade of trades)
            assert.ok(
              trade.round < last || !DEVIANTS.includes(trade.peer),
              `round ${trade.round} of ${last}`,
            );
      }
      assert.ok(inTimeShare(swarm, others) >= inTimeShare(obedient, others) - 0.02);
      assert.ok(meanUtility(swarm, DEVIANTS) < meanUtility(obedient, DEVIANTS));
    });
});

describe('deviations that leave none', () => {
  for (const deviation of GOSSIP_DEVIATIONS.filter(({ evidence }) => evidence === null))
    test(`${deviation.name}: nobody is evicted, and nothing is gained`, () => {
      const swarm = run(deviation);
      assert.deepEqual(evictedOf(swarm), []);
      for (const id of swarm.ids) assert.equal(swarm.peer(id).evidence.size, 0);
      // What coalitions gain over links of their own is measured, not prevented.
      if (deviation.isJoint) return;
      const gain = meanUtility(swarm, DEVIANTS) / meanUtility(obedient, DEVIANTS) - 1;
      assert.ok(gain < 0.015, `gain ${gain}`);
      assert.ok(inTimeShare(swarm, others) >= 0.95);
    });

  test('peers that hide evidence delay an eviction, and do not prevent it', () => {
    const [sealsJunk, hides] = [deviationNamed('seals-junk'), deviationNamed('hides-evidence')];
    assert.ok(sealsJunk !== null && hides !== null);
    const swarm = createSwarm({
      seed: 5,
      peers: PEERS,
      config: CONFIG,
      deviants: [
        { ids: DEVIANTS, deviation: sealsJunk },
        { ids: others.filter((id) => id % 2 === 0), deviation: hides },
      ],
    });
    swarm.runRounds(ROUNDS);
    assert.deepEqual(
      evictedOf(swarm).sort((a, b) => a - b),
      DEVIANTS,
    );
  });
});

test('where withholding a key costs nothing and hides what was sealed, deviating pays; where it does not, it ruins', () => {
  const deviation = deviationNamed('seals-scraps');
  assert.ok(deviation !== null);
  const gainUnder = (config: Partial<StreamConfig>): number => {
    const [plain, deviating] = [[], [{ ids: DEVIANTS, deviation }]].map((deviants) => {
      const swarm = createSwarm({ seed: 5, peers: PEERS, config, deviants, allowsUnsound: true });
      swarm.runRounds(ROUNDS);
      return meanUtility(swarm, DEVIANTS);
    });
    return (deviating ?? 0) / (plain ?? 0) - 1;
  };
  const { keys } = withoutKeyPenalty(obedient.config);
  const [broken, sound] = [gainUnder({ ...CONFIG, keys }), gainUnder(CONFIG)];
  assert.ok(broken > 0.03, `broken ${broken}`);
  assert.ok(sound < -0.3, `sound ${sound}`);
});

describe('evidence', () => {
  test('convicts before anyone, offline, from its bytes alone; changed bytes convict nobody else', () => {
    for (const deviation of GOSSIP_DEVIATIONS.filter(({ evidence }) => evidence !== null)) {
      const swarm = run(deviation, 14, 0);
      const context = swarm.evidence([]);
      let found = 0;
      for (const id of others)
        for (const [accused, bytes] of swarm.peer(id).evidence) {
          const evidence = decodeEvidence(bytes);
          assert.ok(evidence !== null && DEVIANTS.includes(accused));
          assert.equal(evidence.rule, deviation.evidence);
          assert.deepEqual(judgeEvidence(evidence, context), {
            valid: true,
            accused,
            explanation: explanationOf(evidence, context),
          });
          found++;
          for (let at = 0; at < bytes.length; at += 7) {
            const changed = bytes.slice();
            changed[at] = (changed[at] as number) ^ 0x41;
            const other = decodeEvidence(changed);
            if (other === null) continue;
            assert.deepEqual(encodeEvidence(other), changed);
            const verdict = judgeEvidence(other, context);
            assert.ok(!verdict.valid || verdict.accused === accused, `${evidence.rule} at ${at}`);
          }
        }
      assert.ok(found >= DEVIANTS.length, deviation.name);
    }
  });
});

function explanationOf(...args: Parameters<typeof judgeEvidence>): string {
  const verdict = judgeEvidence(...args);
  return verdict.valid ? verdict.explanation : 'none';
}
