/**
 * Three-phase agreement (PBFT, TOCS 2002, with MACs): votes rest on links and prove nothing to third parties. A member makes
 * sure by noting what it has prepared; a new view believes what enough messages claim and none contradicts.
 */

import { append } from '../../replica/journal.ts';
import { historyAt } from '../../replica/state.ts';
import type { OrderProtocol } from '../order-protocol.ts';
import { select } from './select.ts';

export const threePhase: OrderProtocol = {
  name: 'three-phase',
  vote: (s, slot) => ({ type: 'prepare', view: s.view, slot, history: historyAt(s, slot) }),
  secure: (s, env) => {
    append(s, env, { type: 'prepared', view: s.view, slot: s.prepared });
    return s.prepared;
  },
  respond: () => {},
  claim: ({ slot, prepared, accepted }) =>
    accepted.length === 0 && prepared === null ? null : { slot, prepared, accepted },
  isValidEvidence: (_s, { certificate }) => certificate === null,
  select,
};
