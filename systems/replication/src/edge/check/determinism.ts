/**
 * For authors of services: finds what would make replicas differ, and names the operation. The same operations run
 * again in a second instance, in one that is restored from snapshots on the way, in one whose batches are taken back and
 * repeated, and beside other instances; replies, events, answers and digests must be the same after every single
 * operation. Reaching for a clock or dice, and throwing, are findings of their own (the rules are UpRight's).
 */

import type { Prng } from '@concordat/kernel';
import { type ComplianceCase, serviceSuite } from '@concordat/kernel/compliance';
import { sha256 } from '@concordat/runtime';
import type { OperationCodecs, TypedService } from '../service/definition.ts';
import { encodeCall, type OperationKind } from '../service/frames.ts';
import {
  accompanied,
  type Disturbance,
  diceOf,
  type Encoded,
  type Misdeed,
  type Plan,
  restored,
  rolledBack,
  type Step,
  startTrial,
  undisturbed,
} from './trial.ts';

/** A call with its arguments: `['add', { amount: 3 }]`. */
export type CallOf<I> = { readonly [K in keyof I]: readonly [name: K, args: I[K]] }[keyof I];

export interface DeterminismOptions<I, QI> {
  /** Draws a call; all operations should come up, with arguments that collide now and then. */
  readonly operation: (random: Prng) => CallOf<I>;
  /** Draws a query, asked after each operation. */
  readonly query?: (random: Prng) => CallOf<QI>;
  /** 1, 2 and 3 unless told. */
  readonly seeds?: readonly number[];
  /** Operations for each seed; 60 unless told. */
  readonly steps?: number;
}

export interface Finding {
  /** The operation or query to look at; empty when the whole service is meant. */
  readonly operation: string;
  readonly problem: 'reply' | 'events' | 'answer' | 'digest' | 'forbidden' | 'threw' | 'promise';
  /** A sentence with the arguments, the seed and the step. */
  readonly message: string;
}

const VARIANTS: readonly (readonly [name: string, disturb: Disturbance])[] = [
  ['in a second instance', undisturbed],
  ['after its state was restored from a snapshot', restored],
  ['after batches were taken back', rolledBack],
  ['beside other instances', accompanied],
];

/** A service that only reads keeps all promises but this one. */
const CHANGES_SOMETHING = 'operations change the digest';

/** Empty when nothing was found; each operation is named once for each problem. */
export function checkDeterminism<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  options: DeterminismOptions<I, QI>,
): readonly Finding[] {
  const findings = new Map<string, Finding>();
  const add = (finding: Finding): void => {
    const key = `${finding.operation} ${finding.problem}`;
    if (!findings.has(key)) findings.set(key, finding);
  };
  for (const seed of options.seeds ?? [1, 2, 3]) {
    const plan = drawPlan(service, options, seed);
    const reference = startTrial(service, plan, undisturbed);
    const steps = plan.steps.map((_, at) => reference.step(at));
    for (const misdeed of reference.misdeeds) add(findingOf(misdeed));
    for (const [name, disturb] of VARIANTS) {
      const difference = compare(service, plan, steps, name, disturb);
      if (difference !== null) add(difference);
    }
  }
  if (findings.size === 0) for (const broken of brokenPromises(service, options)) add(broken);
  return [...findings.values()];
}

function drawPlan<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  options: DeterminismOptions<I, QI>,
  seed: number,
): Plan {
  const random = diceOf(seed);
  const steps = Array.from({ length: options.steps ?? 60 }, () => ({
    operation: encode('operation', service.operations, options.operation(random)),
    query: options.query === undefined ? null : encode('query', service.queries, options.query(random)),
  }));
  return { seed, steps };
}

/** Throws when the author's generator draws what the service does not have. */
function encode(kind: OperationKind, declared: object, call: readonly unknown[]): Encoded {
  const [name, args] = [String(call[0]), call[1]];
  const codecs = (declared as Readonly<Record<string, OperationCodecs<unknown, unknown>>>)[name];
  const shown = `${name}(${show(args)})`;
  if (codecs === undefined) throw new Error(`the service has no ${kind} '${name}'`);
  if (!codecs.input.accepts(args)) throw new Error(`the service does not accept ${shown}`);
  return { name, shown, bytes: encodeCall(kind, name, codecs, args) };
}

const show = (args: unknown): string =>
  JSON.stringify(args, (_key, value) => (value instanceof Uint8Array ? `${value.length} bytes` : value));

/** The first step after which the variant differs, or null. */
function compare(
  service: Parameters<typeof startTrial>[0],
  plan: Plan,
  expected: readonly Step[],
  variant: string,
  disturb: Disturbance,
): Finding | null {
  const trial = startTrial(service, plan, disturb);
  for (const [at, { operation, query }] of plan.steps.entries()) {
    const [seen, should] = [trial.step(at), expected[at] as Step];
    const problem = (['reply', 'events', 'digest', 'answer'] as const).find(
      (field) => seen[field] !== should[field],
    );
    if (problem === undefined) continue;
    const culprit = problem === 'answer' ? query : operation;
    const where = `seed ${plan.seed}, step ${at}`;
    const message = `${culprit?.shown} has another ${problem} ${variant} (${where})`;
    return { operation: culprit?.name ?? '', problem, message };
  }
  return null;
}

function findingOf({ name, forbidden, error }: Misdeed): Finding {
  if (forbidden !== null) {
    const message = `${name} uses ${forbidden.name}: use ${forbidden.instead}`;
    return { operation: name, problem: 'forbidden', message };
  }
  const words = error instanceof Error ? error.message : String(error);
  return {
    operation: name,
    problem: 'threw',
    message: `${name} throws (${words}): return refuse(...) instead`,
  };
}

/** Cases of the kernel's suite that the service breaks: damaged operations, nested marks, refused parts. */
function brokenPromises<I, O, QI, QO, E>(
  service: TypedService<I, O, QI, QO, E>,
  options: DeterminismOptions<I, QI>,
): Finding[] {
  const { query } = options;
  const cases = serviceSuite({
    create: (version) => service.create({ hash: sha256, ...(version !== undefined && { version }) }),
    operation: (random) => encode('operation', service.operations, options.operation(random)).bytes,
    query: (random) =>
      query === undefined ? new Uint8Array(0) : encode('query', service.queries, query(random)).bytes,
  });
  return cases
    .filter(({ name }) => !name.startsWith(CHANGES_SOMETHING))
    .flatMap((promise) => {
      const broken = problemOf(promise);
      if (broken === null) return [];
      return [{ operation: '', problem: 'promise' as const, message: `${promise.name}: ${broken}` }];
    });
}

function problemOf({ run }: ComplianceCase): string | null {
  try {
    run();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
