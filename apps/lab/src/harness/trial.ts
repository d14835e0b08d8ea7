/** One run of one candidate under one load: what most experiments are made of. */

import type { NodeId } from '@concordat/kernel';
import type { FaultModel } from '@concordat/replication';
import type { Candidate } from './candidate.ts';
import {
  type Adversary,
  type Crowd,
  createFederation,
  type Federation,
  type FederationOptions,
  FIRST_OUTSIDER,
} from './federation.ts';
import { type Figures, measure, type Span } from './measure.ts';
import { createRecorder } from './recorder.ts';
import type { Testbed } from './testbed.ts';

export interface Load {
  /** Clients that are no members, with one request outstanding each. */
  readonly clients: number;
  /** Requests that each honest member's gateway keeps outstanding. */
  readonly atGateways: number;
  readonly span: Span;
  readonly testbed: Testbed;
}

export interface Trial extends Load {
  readonly candidate: Candidate;
  readonly faults: FaultModel;
  readonly adversaries?: ReadonlyMap<NodeId, Adversary>;
  /** Clients of a hostile domain. */
  readonly hostile?: Omit<Crowd, 'domain' | 'recorder'>;
  readonly observers?: FederationOptions['observers'];
}

const SEED = 7;

/** Liars' gateways ask for nothing, unless their adversary says so. */
export function begin({ clients, atGateways, hostile, ...options }: Trial): Federation {
  const recorder = createRecorder();
  const federation = createFederation({ ...options, seed: SEED, gateway: () => atGateways }, recorder);
  federation.enter({ count: clients, domain: FIRST_OUTSIDER, recorder });
  if (hostile !== undefined)
    federation.enter({ ...hostile, domain: FIRST_OUTSIDER + 1, recorder: createRecorder() });
  return federation;
}

export const run = (trial: Trial): Figures => measure(begin(trial), trial.span);
