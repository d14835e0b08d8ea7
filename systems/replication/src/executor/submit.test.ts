/** What a learner knows of its own requests after its state has jumped. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelHash } from '@concordat/crypto';
import { isBatch } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { genesisHistory } from '../batch.ts';
import { createLedger } from '../compliance/ledger.ts';
import { replicaConfig } from '../config.ts';
import { recordReply } from '../execution/core-state.ts';
import { createExecution } from '../execution/execution.ts';
import { ungoverned } from '../governance/configuration.ts';
import type { Governance } from '../governance/ordered.ts';
import { threePhase } from '../order/three-phase/index.ts';
import { createSubmission } from '../submission.ts';
import type { LearnerState } from './state.ts';
import { exposeOwn } from './submit.ts';

const cluster = modelHash(utf8('submit'));
const governance: Governance = {
  cluster,
  isGoverned: false,
  genesis: ungoverned(replicaConfig({ self: 0, cluster, faults: { u: 1, r: 1 } })),
  checkpointInterval: 128,
  executors: [],
  verifyWith: () => false,
  keysOf: () => null,
  pairOf: () => null,
  orderOf: () => threePhase,
};

test('own requests that were executed are out of the way, also those whose replies were dropped', () => {
  const execution = createExecution(modelHash, createLedger(modelHash), genesisHistory(), governance);
  const submission = createSubmission(7);
  const own = { domain: 3, client: submission.client };
  for (let seq = 1; seq <= 4; seq++) submission.outstanding.set(seq, { request: {} as never, sentAt: 0 });
  for (let seq = 1; seq <= 3; seq++) recordReply(execution.core, own, seq, 0, Uint8Array.of(seq));
  execution.core.replies.delete('3/7/1');
  const learner = { submission, execution, config: { domain: 3 }, exposed: [] } as unknown as LearnerState;
  exposeOwn(learner);
  assert.deepEqual([...submission.outstanding.keys()], [4], 'it is not executed');
  assert.equal(submission.acked, 3);
  assert.deepEqual(
    learner.exposed.flatMap((item) => (isBatch(item) ? item.outcomes : [])),
    [2, 3].map((seq) => ({ ...own, seq, reply: Uint8Array.of(seq) })),
  );
});
