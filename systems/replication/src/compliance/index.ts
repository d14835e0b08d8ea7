/** What composition tries whole domains with: the lies that know the protocol, a service to lie about, and the protocol's own swarm. */

export { type Attacker, type AttackName, attackers, type Liar } from '../replica/adversaries.ts';
export {
  type ClientAttackName,
  type ClientStrategy,
  clientAttacks,
  type Flood,
} from './client-attacks.ts';
export { addOperation, createLedger } from './ledger.ts';
export { replicationSweep, type SweepConfig } from './sweep.ts';
