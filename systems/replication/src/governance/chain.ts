/**
 * The chain of configurations as replicas pass it on. Who lags, is new, or is a client asks by the epoch that it knows, and
 * gets what proves the next ones. A chain is believed for its signatures, whoever sends it.
 */

import type { Env, NodeId, SignatureCheck } from '@concordat/kernel';
import { becomeStable } from '../replica/checkpoint.ts';
import type { Chain, FetchChain } from '../replica/client-messages.ts';
import type { Message } from '../replica/messages.ts';
import type { ReplicaState } from '../replica/state.ts';
import { startTransfer } from '../replica/state-transfer.ts';
import { verifyThen } from '../replica/verification.ts';
import type { Configuration } from './configuration.ts';
import { configurationOf, enterEpoch } from './epochs.ts';
import { refusalOf } from './judgement.ts';
import { type Link, linkChecks, linkProblem, MAX_LINKS } from './link.ts';
import { courtOf } from './ordered.ts';
import { stopIfTooOld } from './versions.ts';

/** True if this replica was a member and is none any more. */
export const hasLeft = (s: ReplicaState): boolean =>
  s.chain.at(-1)?.command.next.retired.includes(s.config.self) ?? false;

/** What proves the configurations after an epoch, as much of it as one message holds. */
export const linksAfter = (s: ReplicaState, epoch: number): readonly Link[] =>
  s.chain.filter(({ command }) => command.next.epoch > epoch).slice(0, MAX_LINKS);

export function onFetchChain(s: ReplicaState, env: Env<Message>, from: NodeId, m: FetchChain): void {
  const links = linksAfter(s, m.epoch);
  if (links.length > 0) env.send(from, { type: 'chain', links });
}

/** Has the signatures of those links checked that lead on from here. */
export function onChain(s: ReplicaState, env: Env<Message>, from: NodeId, m: Chain): void {
  let present = configurationOf(s);
  const checks: SignatureCheck[] = [];
  for (const link of newIn(s, m)) {
    if (problemOf(s, present, link) !== null) {
      env.note({ kind: 'strike', peer: from, why: 'a chain that does not hold' });
      return;
    }
    checks.push(...linkChecks(s.config.cluster, present, link));
    present = link.command.next;
  }
  if (checks.length > 0) verifyThen(s, env, from, checks, m);
}

/** A chain whose signatures hold: its epochs are over, and its last one begins here, too. */
export function onGenuineChain(s: ReplicaState, env: Env<Message>, m: Chain): void {
  for (const link of newIn(s, m)) {
    if (problemOf(s, configurationOf(s), link) !== null) return;
    becomeStable(s, env, link.certificate);
    enterEpoch(s, env, link);
  }
  stopIfTooOld(s);
  aimTransfer(s, env);
}

const newIn = (s: ReplicaState, { links }: Chain): Link[] =>
  links.filter(({ command }) => command.next.epoch > s.config.epoch);

function problemOf(s: ReplicaState, present: Configuration, link: Link): string | null {
  const { hash } = s.keys;
  const court = courtOf(s.execution.core.governance, s.governance, hash);
  const knows = { ...court, configurationOf: (epoch: number) => configurationIn(s, epoch) };
  return linkProblem(hash, present, link) ?? refusalOf(knows, present, link.command);
}

/** The configuration of an epoch by the chain: the ordered state may lag behind it. */
export function configurationIn(s: ReplicaState, epoch: number): Configuration | null {
  const { genesis } = s.governance;
  if (epoch === genesis.epoch) return genesis;
  return s.chain.find(({ command }) => command.next.epoch === epoch)?.command.next ?? null;
}

/** A transfer that has nothing yet is better begun with the latest target; who has left needs none. */
function aimTransfer(s: ReplicaState, env: Env<Message>): void {
  const { transfer } = s;
  if (transfer === null || transfer.rebuild !== null || transfer.target.slot === s.stable.slot) return;
  s.transfer = null;
  startTransfer(s, env, s.stable);
}
