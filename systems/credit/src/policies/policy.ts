/**
 * What a link of a credit network is worth, how its balance comes back, and what becomes of units that are reserved: the
 * whole difference between Ostra, SumUp, Bazaar and Genie, as a record.
 */

/** How the balance of a link returns to where it began; both forms keep the sum of the two directions. */
export type Recovery =
  | {
      readonly kind: 'linear' /** Units for each link and period. */;
      readonly units: number;
      readonly everyMs: number;
    }
  /** A share of the balance, in (0, 1), each period; what is left of it is rounded towards zero. */
  | { readonly kind: 'geometric'; readonly share: number; readonly everyMs: number };

/**
 * How a reservation ends. `commit`: whoever was paid has the units; `release`: whoever paid has them back; `forfeit`: nobody
 * has them (Bazaar's fraud).
 */
export type HoldOutcome = 'commit' | 'release' | 'forfeit';

export interface LinkPolicy {
  readonly name: string;
  /** Units that a fresh link gives in each direction. */
  readonly credit: number;
  /** A path carries a multiple of this many units: amounts are multiples of it. */
  readonly grain: number;
  readonly recovery: Recovery | null;
  /** Capacity without direction: what is reserved one way is missing both ways, and a commit is a forfeit. */
  readonly isSymmetric: boolean;
  /** How long a reservation may stand before it is ended as `onExpiry` says. */
  readonly holdMs: number;
  readonly onExpiry: HoldOutcome;
}

/** Shorter periods would run out of 32 bits. */
const MIN_PERIOD_MS = 1000;
/** What one direction of a link begins with at most: what both have fits 31 bits. */
export const MAX_UNITS = 2 ** 29;

/** Whether a direction of a link may begin with so much. */
export const isUnits = (value: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= MAX_UNITS;

function recoveryProblems(recovery: Recovery): string[] {
  const problems: string[] = [];
  if (!Number.isInteger(recovery.everyMs) || recovery.everyMs < MIN_PERIOD_MS)
    problems.push(`a period takes a whole number of milliseconds, at least ${MIN_PERIOD_MS}`);
  if (recovery.kind === 'linear' && (!isUnits(recovery.units) || recovery.units === 0))
    problems.push(`a link recovers by 1 to ${MAX_UNITS} whole units in a period`);
  if (recovery.kind === 'geometric' && !(recovery.share > 0 && recovery.share < 1))
    problems.push('the share that recovers in a period lies between 0 and 1');
  return problems;
}

/** What is wrong with a policy, as sentences. */
export function policyProblems(policy: LinkPolicy): readonly string[] {
  const problems = policy.recovery === null ? [] : recoveryProblems(policy.recovery);
  if (!isUnits(policy.credit)) problems.push(`credit is a whole number of at most ${MAX_UNITS} units`);
  if (!isUnits(policy.grain) || policy.grain === 0)
    problems.push('the grain is a whole number of units, at least 1');
  if (!Number.isInteger(policy.holdMs) || policy.holdMs < 1)
    problems.push('a reservation stands for a whole number of milliseconds, at least 1');
  if (policy.isSymmetric && policy.recovery !== null)
    problems.push('links without direction have no balance that could recover');
  return problems;
}
