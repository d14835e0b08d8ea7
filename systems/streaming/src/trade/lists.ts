/** From two claims to two lists: what each side of a trade gives. Both sides compute the same, so neither has a choice. */

import { countCommon, type Shape } from '../bits.ts';
import type { Claim } from '../messages/messages.ts';
import type { TradeRules } from './trade.ts';

export interface Lists {
  /** What the initiator gives, and what the responder gives. */
  readonly byInitiator: readonly number[];
  readonly byResponder: readonly number[];
}

/** At which index of a round lists begin: drawn by the trade, or everybody would trade low indices first. */
const firstIndex = (shape: Shape, answer: Uint8Array): number =>
  (((answer[0] as number) << 8) | (answer[1] as number)) % shape.perRound;

export function settleLists(
  rules: Pick<TradeRules<never>, 'sizes' | 'pick' | 'offered'>,
  shape: Shape,
  round: number,
  initiator: Claim,
  responder: Claim,
  answer: Uint8Array,
): Lists {
  const canGive: readonly [number, number] = [
    rules.offered?.(shape, round, initiator, responder) ?? countCommon(initiator.have, responder.want),
    rules.offered?.(shape, round, responder, initiator) ?? countCommon(responder.have, initiator.want),
  ];
  const [given, returned] = rules.sizes(canGive, [initiator, responder]);
  const first = firstIndex(shape, answer);
  return {
    byInitiator: rules.pick(shape, round, initiator, responder, first, given),
    byResponder: rules.pick(shape, round, responder, initiator, first, returned),
  };
}
