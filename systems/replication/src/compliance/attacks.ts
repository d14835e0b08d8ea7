/**
 * Every adversary that the suites put into a federation, by name: those that know nothing of the protocol, and those
 * that do. Each serves one node of one run.
 */

import { createModelKeys, modelHash } from '@concordat/crypto';
import type { NodeId } from '@concordat/kernel';
import {
  corrupt,
  deaf,
  delay,
  equivocate,
  flood,
  forgetful,
  mute,
  onSend,
  replay,
  selectiveSilence,
  twins,
} from '@concordat/sim';
import { utf8 } from '@concordat/wire';
import { firstMembers } from '../config.ts';
import { type FaultModel, quorumsOf } from '../fault-model.ts';
import { type Attacker, attackers, type Liar } from '../replica/adversaries.ts';
import { decodeMessage, encodeMessage } from '../replica/codec.ts';
import { attackNames } from './attack-summaries.ts';
import type { ReplicaStrategy } from './cluster.ts';

/** Where a liar lives. */
export interface Place {
  readonly id: NodeId;
  readonly seed: number;
  readonly faults: FaultModel;
}

const liarAt = ({ id, seed, faults }: Place): Liar => {
  const quorums = quorumsOf(faults);
  return {
    self: id,
    cluster: modelHash(utf8('compliance')),
    quorums,
    members: firstMembers(quorums),
    keys: createModelKeys(quorums.members, seed)(id),
  };
};

/** The honest replica behind an `Env` that tells what the attack says. */
export const attacking = (attacker: Attacker, place: Place): ReplicaStrategy => {
  const attack = attacker(liarAt(place));
  return onSend((env, to, message, post) => {
    for (const told of attack(message, to, env.random)) post(to, told);
  });
};

const everySecond = ({ id, faults }: Place): Set<NodeId> => {
  const chosen = new Set<NodeId>();
  for (let peer = 0; peer < quorumsOf(faults).members; peer++)
    if (peer !== id && peer % 2 === 1) chosen.add(peer);
  return chosen;
};

/** Faults by omission or delay: within a budget of r = 0. */
export const omissions: Readonly<Record<string, (place: Place) => ReplicaStrategy>> = {
  mute: () => mute(500),
  'delay just below the timeout': () => delay(900),
  'selective silence': (place) => selectiveSilence(everySecond(place)),
  deaf: (place) => deaf(everySecond(place)),
  forgetful: () => forgetful(0.3),
};

/** Lies that need no knowledge of the protocol beyond its bytes. */
export const genericLies: Readonly<Record<string, (place: Place) => ReplicaStrategy>> = {
  replay: () => replay(),
  flood: () => flood(3, 20),
  corrupt: () => corrupt({ encode: encodeMessage, decode: decodeMessage }, 0.2),
  twins: (place) => twins(everySecond(place)),
  'equivocate, one message for another': (place) => {
    const attack = attackers.equivocate(liarAt(place));
    return equivocate((message, to, random) => attack(message, to, random)[0] ?? null);
  },
};

/** Lies that know the protocol. */
export const protocolLies: Readonly<Record<string, (place: Place) => ReplicaStrategy>> = Object.fromEntries(
  attackNames.map((name) => [name, (place: Place) => attacking(attackers[name], place)]),
);
