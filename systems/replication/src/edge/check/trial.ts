/**
 * One run of a service over a list of operations, a batch each, recorded as replicas would compare it: replies, events
 * and digests as text. A disturbance acts between batches in ways that must not be noticed.
 */

import { createPrng, type Prng, type Service } from '@concordat/kernel';
import { sha256 } from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import type { TypedService } from '../service/definition.ts';
import { type Forbidden, guarded } from './forbidden.ts';

/** An operation or query, encoded, with what to call it in a finding. */
export interface Encoded {
  readonly name: string;
  readonly shown: string;
  readonly bytes: Uint8Array;
}

/** What replicas can see of one operation. */
export interface Step {
  readonly reply: string;
  readonly events: string;
  readonly answer: string;
  readonly digest: string;
}

/** What an operation did that it must not, whether or not replicas differ. */
export interface Misdeed {
  readonly name: string;
  readonly forbidden: Forbidden | null;
  readonly error: unknown;
}

export interface Plan {
  readonly seed: number;
  readonly steps: readonly { readonly operation: Encoded; readonly query: Encoded | null }[];
}

export interface Trial {
  /** Executes step `at` and returns what is seen of it. */
  step(at: number): Step;
  readonly misdeeds: Misdeed[];
}

/** Acts before step `at`; returns the service to go on with. */
export type Disturbance = (service: Service, at: number, world: TrialWorld) => Service;

export interface TrialWorld {
  create(): Service;
  /** Executes an operation of the plan that is not its turn, as in a batch that is taken back. */
  stray(service: Service, at: number): void;
}

const BATCH_MS = 100;
const FIRST_TIME = 1_700_000_000_000;
const DOMAINS = 4;

/** Whatever the types of its operations. */
type AnyService = Pick<TypedService<never, never, never, never, never>, 'create'>;

export function startTrial(service: AnyService, plan: Plan, disturb: Disturbance): Trial {
  const misdeeds: Misdeed[] = [];
  let running = '';
  const onUse = (forbidden: Forbidden): void => void misdeeds.push({ name: running, forbidden, error: null });
  const onThrow = (name: string, error: unknown): void =>
    void misdeeds.push({ name, forbidden: null, error });
  const create = (): Service => guarded(() => service.create({ hash: sha256, onThrow }), onUse);
  const execute = (on: Service, { name, bytes }: Encoded, at: number, emit: (event: Uint8Array) => void) => {
    running = name;
    const random = createPrng(plan.seed, `batch ${at}`);
    const domain = random.below(DOMAINS);
    const time = FIRST_TIME + at * BATCH_MS;
    const context = { domain, client: domain + 1, seq: at + 1, time, random, emit };
    return guarded(() => {
      on.advance(time, emit);
      return on.execute(bytes.slice(), context);
    }, onUse);
  };
  const world: TrialWorld = {
    create,
    stray: (on, at) => {
      const step = plan.steps[at % plan.steps.length];
      if (step !== undefined) execute(on, step.operation, at, () => {});
    },
  };
  let current = create();
  return {
    misdeeds,
    step: (at) => {
      const { operation, query } = plan.steps[at] as Plan['steps'][number];
      current = disturb(current, at, world);
      const events: string[] = [];
      const reply = execute(current, operation, at, (event) => events.push(toHex(event)));
      running = query?.name ?? '';
      const answer = query === null ? '' : toHex(guarded(() => current.query(query.bytes), onUse));
      return { reply: toHex(reply), events: events.join(' '), answer, digest: toHex(current.digest()) };
    },
  };
}

/** Nothing happens between batches. */
export const undisturbed: Disturbance = (service) => service;

/** Every few batches a replica that fetched the state goes on in its place. */
export const restored: Disturbance = (service, at, { create }) => {
  if (at % 3 !== 1) return service;
  const mark = service.mark();
  const snapshot = service.snapshot(mark);
  const copy = create();
  const digests = Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));
  const restore = copy.restore(snapshot.digest, digests);
  for (let part = 0; part < snapshot.parts; part++) restore?.offer(part, snapshot.read(part));
  restore?.finish();
  service.release(mark);
  return copy;
};

/** Batches are executed and taken back. */
export const rolledBack: Disturbance = (service, at, { stray }) => {
  if (at % 2 === 0) return service;
  const mark = service.mark();
  for (let ahead = 1; ahead <= 3; ahead++) stray(service, at + ahead * 7);
  service.rollback(mark);
  service.release(mark);
  return service;
};

/** Another instance lives in the same process, as in an embedded cluster or while a state is fetched. */
export const accompanied: Disturbance = (service, at, { create, stray }) => {
  if (at % 5 === 0) {
    const other = create();
    for (let ahead = 0; ahead < 3; ahead++) stray(other, at + ahead * 3);
  }
  return service;
};

export const diceOf = (seed: number): Prng => createPrng(seed, 'determinism');
