/**
 * How a learner follows the order replicas from one epoch to the next (../governance/README.md): when it has exposed the last
 * slot of the old one, whose ordered state names the next configuration, or when a link proves that one, whoever sends it.
 * A link proves the last point of the old log, too: whoever leads there, a former member, say, is right.
 * Invariant kept: no claim of one epoch counts in another.
 */

import { type Env, FIRST_CONNECTION, type NodeId, type SignatureCheck } from '@concordat/kernel';
import type { Configuration } from '../governance/configuration.ts';
import { memberIds } from '../governance/configuration.ts';
import { refusalOf } from '../governance/judgement.ts';
import { baseOf, type Link, linkChecks, linkProblem } from '../governance/link.ts';
import type { Chain } from '../replica/client-messages.ts';
import type { Message } from '../replica/messages.ts';
import { learnUnder } from './config.ts';
import { append } from './journal.ts';
import { tellWhere } from './learn.ts';
import { createSource, type Source } from './source.ts';
import { type Ahead, exposedEnd, feeders, type LearnerState } from './state.ts';

/** The configuration of the present epoch or an earlier one: by a link, or by the ordered state. */
export function configurationIn(l: LearnerState, epoch: number): Configuration | null {
  const { config, ahead, execution } = l;
  if (epoch > config.epoch) return null;
  const link = ahead.find((known) => epochOf(known.link) === epoch)?.link;
  const { genesis } = config.governance;
  if (link === undefined && epoch === genesis.epoch) return genesis;
  return (link ?? execution.core.governance.records.get(epoch))?.command.next ?? null;
}

/**
 * Whose members this learner has to be linked to, the present ones' last: those of the epoch before may need its tokens, those of
 * unfinished ones have their logs.
 */
export function configurationsNear(l: LearnerState): readonly Configuration[] {
  const { epoch, governance } = l.config;
  const [first] = l.ahead;
  const oldest = Math.min(epoch, first === undefined ? epoch : epochOf(first.link)) - 1;
  const near: Configuration[] = [];
  for (let past = Math.max(oldest, governance.genesis.epoch); past <= epoch; past++) {
    const known = configurationIn(l, past);
    if (known !== null) near.push(known);
  }
  return near;
}

const epochOf = ({ command }: Link): number => command.next.epoch;

/** Enters the epochs that begin where the exposed log has come to. Called in each turn; true if others are heard now. */
export function enterDue(l: LearnerState, env: Env<Message>): boolean {
  const [before, ahead] = [l.config.epoch, l.ahead];
  enterExposed(l);
  if (l.config.epoch !== before) begin(l, env);
  // Those who joined with the epoch have nothing to tell before its beginning: from here on they have.
  else if (l.ahead !== ahead) tellWhere(l, env);
  return l.config.epoch !== before;
}

/** The same without telling anybody: also of a recovery. */
export function enterExposed(l: LearnerState): void {
  const end = exposedEnd(l);
  const { records } = l.execution.core.governance;
  for (;;) {
    // A record whose checkpoint is exposed is of the exposed log, whatever is executed ahead.
    const next = records.get(l.config.epoch + 1);
    if (next === undefined || next.base > end) break;
    adopt(l, next.command.next);
  }
  const ahead = l.ahead.filter(({ link }) => baseOf(link) > end);
  if (ahead.length === l.ahead.length) return;
  l.ahead = ahead;
  seatSources(l);
}

/** Goes by what a link proves. */
export function adoptLink(l: LearnerState, ahead: Ahead): void {
  if (epochOf(ahead.link) !== l.config.epoch + 1) return;
  if (baseOf(ahead.link) > exposedEnd(l)) l.ahead = [...l.ahead, ahead];
  adopt(l, ahead.link.command.next);
}

function adopt(l: LearnerState, next: Configuration): void {
  l.before = l.config.members;
  l.config = learnUnder(l.config, next);
  seatSources(l);
}

/** Listens to the present members, and asks those of the epochs whose log is not exposed to its end. */
function seatSources(l: LearnerState): void {
  const { members, epoch } = l.config;
  const [first] = l.ahead;
  const former = new Set<NodeId>();
  for (let past = first === undefined ? epoch : epochOf(first.link) - 1; past < epoch; past++) {
    const known = configurationIn(l, past);
    for (const id of known === null ? [] : memberIds(known)) if (!members.includes(id)) former.add(id);
  }
  const known = feeders(l);
  const seat = (id: NodeId): Source => known.find((source) => source.id === id) ?? createSource(id, l.proven);
  l.sources = members.map(seat);
  l.former = [...former].map(seat);
  const ids = [...members, ...former];
  if (!ids.includes(l.supplier)) l.supplier = members[l.config.self % members.length] as NodeId;
}

function begin(l: LearnerState, env: Env<Message>): void {
  const { epoch, members } = l.config;
  l.progressAt = env.now;
  env.note({ kind: 'epoch', epoch, members: members.join(' '), ahead: l.ahead.length });
  tellWhere(l, env);
}

/** Has the signatures of those links checked that lead on from here; of one sender now and then, for they come again. */
export function onChain(l: LearnerState, env: Env<Message>, from: NodeId, m: Chain): void {
  const links = newIn(l, m.links);
  const [first] = links;
  // What leads on from a later epoch was for one that this learner had come to before it lost its journal.
  if (from >= FIRST_CONNECTION || first === undefined || epochOf(first) !== l.config.epoch + 1) return;
  // Checks are dear, and a liar has links without end.
  if (env.now - (l.chainsAt.get(from) ?? Number.NEGATIVE_INFINITY) < l.config.retransmitMs / 2) return;
  l.chainsAt.set(from, env.now);
  let present = configurationIn(l, l.config.epoch);
  const checks: SignatureCheck[] = [];
  for (const link of links) {
    if (present === null || problemOf(l, present, link, links) !== null) {
      env.note({ kind: 'strike', peer: from, why: 'a chain that does not hold' });
      return;
    }
    checks.push(...linkChecks(l.config.cluster, present, link));
    present = link.command.next;
  }
  const ticket = l.nextTicket++;
  l.following.set(ticket, { from, links });
  env.offload({ kind: 'verify', checks }, ticket);
}

const newIn = (l: LearnerState, links: readonly Link[]): Link[] =>
  links.filter((link) => epochOf(link) > l.config.epoch);

function problemOf(
  l: LearnerState,
  present: Configuration,
  link: Link,
  links: readonly Link[],
): string | null {
  const { cluster, governance } = l.config;
  const { hash } = l.keys;
  const court = {
    cluster,
    hash,
    verifyWith: governance.verifyWith,
    configurationOf: (epoch: number): Configuration | null =>
      configurationIn(l, epoch) ??
      links.find((other) => epochOf(other) === epoch && epoch <= present.epoch)?.command.next ??
      null,
  };
  return linkProblem(hash, present, link) ?? refusalOf(court, present, link.command);
}

/** The signatures behind this ticket are checked; false if it is about something else. */
export function onChainChecked(l: LearnerState, env: Env<Message>, ticket: number, holds: boolean): boolean {
  const waiting = l.following.get(ticket);
  if (waiting === undefined) return false;
  l.following.delete(ticket);
  if (!holds) env.note({ kind: 'strike', peer: waiting.from, why: 'false signature in a chain' });
  const links = holds ? newIn(l, waiting.links) : [];
  for (const link of links) adoptLink(l, { link, position: append(l, env, { type: 'epoch', link }) });
  if (links.length > 0) begin(l, env);
  return true;
}
