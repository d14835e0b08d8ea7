/**
 * Deviations by name, each once, and what comes of one in either protocol. For simulations, trials, tests and the lab only: neither the
 * package's main entry nor a daemon reaches them. Whatever the files of this folder export is listed; nothing lists it again.
 */

import * as coalitions from './coalitions.ts';
import * as decisions from './decisions.ts';
import type { Deviation, FlightDeviant, Protocol } from './deviation.ts';
import { inFlight } from './deviation.ts';
import * as events from './events.ts';
import * as flight from './flight.ts';

export { beginningWith } from './beginning.ts';
export {
  type Deviant,
  type Deviation,
  deviantWith,
  type FlightDeviant,
  gossipView,
  inFlight,
  type Protocol,
  type View,
  type Wrap,
} from './deviation.ts';
export { isFed } from './satiation.ts';

/** All, by name. */
export const DEVIATIONS: readonly Deviation[] = [coalitions, decisions, events, flight]
  .flatMap((file): readonly Deviation[] => Object.values(file))
  .sort((a, b) => (a.name < b.name ? -1 : 1));

const of = (protocol: Protocol): readonly Deviation[] =>
  DEVIATIONS.filter(({ protocols }) => protocols.includes(protocol));

/** What peers of BAR Gossip may do instead, and those of FlightPath. */
export const GOSSIP_DEVIATIONS = of('gossip');
export const FLIGHT_DEVIATIONS = of('flightpath');

export const deviationNamed = (name: string): Deviation | null =>
  DEVIATIONS.find((deviation) => deviation.name === name) ?? null;

/** One who does it in FlightPath, at full strength; undefined if there is no such deviation. */
export function flightDeviant(name: string): FlightDeviant | undefined {
  const deviation = FLIGHT_DEVIATIONS.find((each) => each.name === name);
  return deviation === undefined ? undefined : inFlight(deviation.make(1));
}
