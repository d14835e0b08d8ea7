/** What each attack on the protocol does, for people who choose one. */

import type { AttackName } from '../replica/adversaries.ts';

export const attackSummaries: Readonly<Record<AttackName, string>> = {
  equivocate: 'as the leader, leads some members along another log than the rest',
  'equivocate-time': 'the same, with logs that differ in nothing but the time',
  'propose-twice': 'as the leader, sends everyone two proposals for each slot',
  withhold: 'keeps the bodies of requests from some members',
  'propose-to-some': 'as the leader, proposes to some members only',
  'split-requests': 'asks different members for different things under one number',
  'unprovable-requests': 'orders requests of its own whose signatures convince nobody',
  starve: 'as the leader, never orders what the second member asks for',
  'tiny-batches': 'as the leader, orders one request at a time',
  'time-ahead': 'as the leader, proposes times a minute ahead',
  'time-behind': 'as the leader, proposes times a minute behind',
  repeat: 'as the leader, orders every request again and again',
  'forge-claims': 'claims, when views change, what nobody proposed',
  'forget-claims': 'claims, when views change, to have promised nothing',
  stale: 'shows everyone old checkpoints',
  'false-state': 'damages whatever others would build their state from',
  'false-manifest': 'serves another state than the agreed one, consistently',
  'arbitrary-votes': 'votes for logs that do not exist, also far ahead',
  usurp: 'proposes in the place of the leader',
  'another-new-view': 'as the next leader, begins its view with a forged message',
  'two-new-views': 'as the next leader, begins its view in two ways',
  'split-new-view': 'as the next leader, begins its view differently for different members',
  'incomplete-new-view': 'as the next leader, begins its view with fewer messages than decide anything',
  beg: 'asks everyone for everything, again and again',
  invent: 'as the leader, orders what nobody asked for',
};

export const attackNames = Object.keys(attackSummaries) as AttackName[];
