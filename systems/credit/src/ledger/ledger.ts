/**
 * A network with the names of its accounts, and what changes it as records: whoever applies the same changes in the same order has
 * the same state, because a change says where units went and not how the way was found.
 */

import type { Hold, Steps } from '../network/holds.ts';
import { addAccount, growLink, link, unlink } from '../network/links.ts';
import type { CreditNetwork } from '../network/network.ts';
import { endHold, redoSteps, rehold } from '../network/payment.ts';
import { type HoldOutcome, isUnits } from '../policies/policy.ts';

export interface Ledger {
  readonly network: CreditNetwork;
  /** By node. */
  readonly names: string[];
  readonly nodes: Map<string, number>;
}

/** What happened, and in which period of recovery. */
export type Change =
  | { readonly kind: 'account'; readonly name: string }
  | {
      readonly kind: 'link';
      readonly period: number;
      readonly a: number;
      readonly b: number;
      readonly credit: number;
      readonly creditBack: number;
    }
  | { readonly kind: 'unlink'; readonly period: number; readonly a: number; readonly b: number }
  | {
      readonly kind: 'grow';
      readonly period: number;
      readonly a: number;
      readonly b: number;
      readonly units: number;
    }
  | { readonly kind: 'pay'; readonly period: number; readonly steps: Steps }
  | { readonly kind: 'reserve'; readonly period: number; readonly hold: Hold }
  | { readonly kind: 'end'; readonly period: number; readonly token: number; readonly outcome: HoldOutcome };

/** Names are as long as an address of mail at most, in UTF-16 units. */
export const NAME_MAX = 254;

export const isName = (name: string): boolean => name.length > 0 && name.length <= NAME_MAX;

/** A ledger of a network; its accounts have these names, each its own. */
export function createLedger(network: CreditNetwork, names: readonly string[]): Ledger {
  return { network, names: [...names], nodes: new Map(names.map((name, node) => [name, node])) };
}

/** Does what a change says; false if it cannot have happened here, and then little or nothing of it is done. */
export function applyChange(ledger: Ledger, change: Change): boolean {
  const { network } = ledger;
  if (change.kind === 'account') return nameAccount(ledger, change.name);
  // Periods were told when the change was made, so replaying needs no clock.
  network.period = Math.max(network.period, change.period);
  switch (change.kind) {
    case 'link':
      if (!isUnits(change.credit) || !isUnits(change.creditBack)) return false;
      return link(network, change.a, change.b, change.credit, change.creditBack);
    case 'unlink':
      return unlink(network, change.a, change.b);
    case 'grow':
      return isUnits(change.units) && growLink(network, change.a, change.b, change.units);
    case 'pay':
      return redoSteps(network, change.steps);
    case 'reserve':
      return rehold(network, change.hold) !== null;
    case 'end':
      return endHold(network, change.token, change.outcome) !== null;
  }
}

function nameAccount(ledger: Ledger, name: string): boolean {
  if (!isName(name) || ledger.nodes.has(name)) return false;
  const node = addAccount(ledger.network);
  ledger.names.push(name);
  ledger.nodes.set(name, node);
  return true;
}
