/**
 * Which robustness policies are on (Aardvark, NSDI 2009: a faulty client, primary or peer may cost a constant factor,
 * never the service). Each works with every order protocol; none is needed for safety, so each may be off alone.
 */

export interface Policies {
  /** A primary must order as much as its predecessors did, ever a bit more, and is replaced where it does not. */
  readonly regularViews: boolean;
  /** An idle primary must be heard at its pace. */
  readonly heartbeat: boolean;
  /** A primary must order what it was shown before what came later. */
  readonly fairness: boolean;
  /** A member that sends far more than all others is not heard for a while. */
  readonly muting: boolean;
  /** Outside connections are heard as far as what they send holds. */
  readonly clientFilter: boolean;
}

const every = (isOn: boolean): Policies => ({
  regularViews: isOn,
  heartbeat: isOn,
  fairness: isOn,
  muting: isOn,
  clientFilter: isOn,
});

export const allPolicies: Policies = every(true);
export const noPolicies: Policies = every(false);
