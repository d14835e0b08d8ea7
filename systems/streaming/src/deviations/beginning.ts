/** Deviating from some round on: before, its maker is met as one who obeys. */

import { type FlightConduct, OBEDIENT_FLIGHT } from '../flightpath/conduct.ts';
import type { FlightPeer } from '../flightpath/peer.ts';
import { type Conduct, OBEDIENT } from '../trade/conduct.ts';
import type { FlightDeviant } from './deviation.ts';

/** Obeys until `round` begins, and then is `later`. */
export function beginningWith(round: number, later: FlightDeviant): FlightDeviant {
  const hasBegun = ({ peer }: FlightPeer): boolean => peer !== null && peer.round >= round;
  return {
    trade: switching((peer) => (peer.round >= round ? later.trade : OBEDIENT)),
    flight: switchingFlight((peer) => (peer.round >= round ? later.flight : OBEDIENT_FLIGHT)),
    strategy: (honest) => {
      const twisted = later.strategy(honest);
      return {
        ...honest,
        receive: (state, env, from, message) =>
          (hasBegun(state) ? twisted : honest).receive(state, env, from, message),
        timeout: (state, env, timer) => (hasBegun(state) ? twisted : honest).timeout(state, env, timer),
      };
    },
  };
}

const switching = (now: (peer: { readonly round: number }) => Conduct): Conduct => ({
  partners: (...of) => now(of[0]).partners(...of),
  answers: (...of) => now(of[0]).answers(...of),
  claims: (...of) => now(of[0]).claims(...of),
  offers: (...of) => now(of[0]).offers(...of),
  wants: (...of) => now(of[0]).wants(...of),
  returns: (...of) => now(of[0]).returns(...of),
  delivers: (...of) => now(of[0]).delivers(...of),
  packs: (...of) => now(of[0]).packs(...of),
  releases: (...of) => now(of[0]).releases(...of),
  asks: (...of) => now(of[0]).asks(...of),
  trusts: (...of) => now(of[0]).trusts(...of),
  reports: (...of) => now(of[0]).reports(...of),
});

const switchingFlight = (now: (peer: { readonly round: number }) => FlightConduct): FlightConduct => ({
  initiations: (...of) => now(of[0]).initiations(...of),
  order: (...of) => now(of[0]).order(...of),
  accepts: (...of) => now(of[0]).accepts(...of),
  gift: (...of) => now(of[0]).gift(...of),
});
