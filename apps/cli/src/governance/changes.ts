/**
 * From what an operator wants to the next configuration. Ids are given once: a member that joins gets one above all that
 * were ever given.
 */

import { readFileSync } from 'node:fs';
import {
  type Configuration,
  type Delegate,
  type FaultModel,
  type Preset,
  quorumsOf,
  transitionProblem,
} from '@concordat/replication';
import { parseCards } from '../config/federation.ts';
import { CommandError } from '../errors.ts';
import { delegateFrom, nameIn } from './genesis.ts';

export interface Wish {
  /** Files with the cards of those that join. */
  readonly join?: readonly string[];
  /** Names of those that leave. */
  readonly leave?: readonly string[];
  /** New replica keys, by member. */
  readonly keys?: ReadonlyMap<number, Uint8Array>;
  readonly faults?: FaultModel;
  readonly preset?: Preset;
  /** Of the service. */
  readonly version?: number;
}

/** The configuration that follows; throws a `CommandError` that says why there is none. */
export function nextConfiguration(present: Configuration, wish: Wish): Configuration {
  const leaving = (wish.leave ?? []).map((name) => idOf(present, name));
  const kept = present.members.filter(({ id }) => !leaving.includes(id));
  const rekeyed = kept.map((one) => ({ ...one, key: wish.keys?.get(one.id) ?? one.key }));
  const asked = wish.faults ?? present.faults;
  const { u, r, spare } = quorumsOf(wish.preset?.faults(asked) ?? asked);
  const { order, speculates, fastCommit, commitOptimisation } = { ...present, ...wish.preset?.settings };
  const next: Configuration = {
    ...present,
    epoch: present.epoch + 1,
    faults: { u, r, spare },
    order,
    speculates,
    fastCommit,
    commitOptimisation,
    version: wish.version ?? present.version,
    members: [...rekeyed, ...newcomers(present, wish.join ?? [])].sort((a, b) => a.id - b.id),
    retired: [...present.retired, ...leaving].sort((a, b) => a - b),
  };
  const problem = transitionProblem(present, next);
  if (problem !== null) throw new CommandError('bad-change', `the federation cannot change so: ${problem}`);
  return next;
}

export function idOf(present: Configuration, name: string): number {
  const member = present.members.find(({ id }) => nameIn(present, id) === name);
  if (member !== undefined) return member.id;
  const names = present.members.map(({ id }) => nameIn(present, id)).join(', ');
  throw new CommandError('no-member', `${name} is no member; members are ${names}`);
}

/** The number that the next newcomer gets. */
export const nextId = ({ members, retired }: Configuration): number =>
  Math.max(...members.map(({ id }) => id), ...retired) + 1;

function newcomers(present: Configuration, files: readonly string[]): Delegate[] {
  const first = nextId(present);
  return files.flatMap(cardsIn).map((card, i) => {
    const delegate = delegateFrom(first + i, card);
    if (delegate === null) throw new CommandError('bad-card', `the card of ${card.name} has no admin key`);
    return delegate;
  });
}

function cardsIn(file: string) {
  const cards = parseCards(readFileSync(file, 'utf8'));
  if (cards !== null) return cards;
  throw new CommandError('bad-card', `${file} holds no card`, 'Cards are what concordat init prints.');
}
