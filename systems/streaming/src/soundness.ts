/**
 * What is wrong with a config, in sentences; nothing is started with one that has problems. Besides shapes and bounds these are the
 * inequalities under which following the protocol pays (facts 2.11, derived there). Costs are per byte, in units of the stream's rate.
 */

import {
  answeringIsCheaper,
  askingAgainPays,
  fillerIsDearer,
  givingFirstPays,
  type Inequality,
  MAX_BODY_BYTES,
  unsoundInequalities,
} from '@concordat/accountability';
import { PUBLIC_KEY_BYTES } from '@concordat/crypto';
import { halt } from '@concordat/kernel';
import {
  MAX_LIFETIME_ROUNDS,
  MAX_PACKET_BYTES,
  MAX_PACKETS_PER_ROUND,
  MIN_ASK_BYTES,
  SESSION_BYTES,
  type StreamConfig,
  shapeOf,
} from './config.ts';
import { maxContents } from './evidence/limits.ts';
import { KEY_BYTES } from './messages/messages.ts';
import { bodyBytes } from './trade/statements.ts';

type Problem = string | null;

const isCount = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;

function shapeProblems(config: StreamConfig): Problem[] {
  const { packetsPerRound: u, neededPackets: k, lifetimeRounds } = config;
  return [
    config.session.length === SESSION_BYTES ? null : 'session: 16 bytes are needed',
    config.broadcasterKey.length === PUBLIC_KEY_BYTES ? null : 'broadcasterKey: 32 bytes are needed',
    config.trackerKey.length === PUBLIC_KEY_BYTES ? null : 'trackerKey: 32 bytes are needed',
    isCount(config.roundMs, 200, 60_000)
      ? null
      : 'roundMs: from 200 to 60,000, as clocks are apart by up to 100 ms',
    isCount(u, 1, MAX_PACKETS_PER_ROUND) ? null : `packetsPerRound: from 1 to ${MAX_PACKETS_PER_ROUND}`,
    isCount(k, 1, u) ? null : 'neededPackets: from 1 to packetsPerRound',
    k === u || u <= 256 ? null : 'packetsPerRound: an erasure code has at most 256 packets',
    isCount(config.packetBytes, 1, MAX_PACKET_BYTES) ? null : `packetBytes: from 1 to ${MAX_PACKET_BYTES}`,
    isCount(lifetimeRounds, 2, MAX_LIFETIME_ROUNDS)
      ? null
      : `lifetimeRounds: from 2 to ${MAX_LIFETIME_ROUNDS}`,
    isCount(config.seeds, 1, 65_535) ? null : 'seeds: from 1 to 65,535',
    isCount(config.auditsPerRound, 0, 65_535) ? null : 'auditsPerRound: from 0 to 65,535',
    bodyBytes(shapeOf(config), 'briefcase', maxContents(config)) <= MAX_BODY_BYTES
      ? null
      : 'packetsPerRound x lifetimeRounds: the list of a briefcase would be too long to be evidence',
  ];
}

/** Everything that has a price. */
function weightProblems({ utility }: StreamConfig): Problem[] {
  const { benefit, upCost, downCost, oldTradeValue, pushUsefulChance } = utility;
  const isPrice = (value: number): boolean => Number.isFinite(value) && value >= 0;
  return [
    isPrice(benefit) && benefit > 0 ? null : 'utility.benefit: above 0',
    isPrice(upCost) ? null : 'utility.upCost: 0 or more',
    isPrice(downCost) ? null : 'utility.downCost: 0 or more',
    isPrice(oldTradeValue) ? null : 'utility.oldTradeValue: 0 or more',
    isPrice(pushUsefulChance) && pushUsefulChance <= 1 ? null : 'utility.pushUsefulChance: from 0 to 1',
  ];
}

const KEY_MESSAGE_BYTES = 1 + 4 + 1 + 1 + KEY_BYTES;

function keyProblems({ keys }: StreamConfig): Problem[] {
  return [
    isCount(keys.asks, 1, 1000) ? null : 'keys.asks: from 1 to 1000',
    isCount(keys.askBytes, MIN_ASK_BYTES, 65_536) ? null : `keys.askBytes: from ${MIN_ASK_BYTES} to 65,536`,
    keys.servesDebtors ? 'keys.servesDebtors: whoever owes a key must not be served' : null,
    keys.acceptsScraps ? 'keys.acceptsScraps: what is sealed must be as large as what is listed' : null,
  ];
}

/** Withholding a key must cost more than handing it over, and a key be worth asking for as often as that takes. */
const keyInequalities = ({ keys, utility, packetBytes }: StreamConfig): Inequality[] => [
  answeringIsCheaper('key-release', {
    answerBytes: KEY_MESSAGE_BYTES,
    requestBytes: keys.askBytes,
    repetitions: keys.asks,
    receivedPrice: utility.downCost / utility.upCost,
  }),
  askingAgainPays('key-request', {
    answerProbability: 1,
    answerWorth: (utility.benefit / utility.upCost) * packetBytes,
    requestBytes: keys.asks * keys.askBytes,
  }),
];

function pushProblems({ protocol, lifetimeRounds }: StreamConfig): Problem[] {
  if (protocol.kind !== 'gossip') return [];
  const { pushSize, youngRounds, oldRounds, junkFactor } = protocol;
  return [
    isCount(pushSize, 0, 1000) ? null : 'protocol.pushSize: from 0 to 1000',
    isCount(youngRounds, 1, lifetimeRounds - 1) ? null : 'protocol.youngRounds: less than lifetimeRounds',
    isCount(oldRounds, 1, lifetimeRounds - youngRounds)
      ? null
      : 'protocol.oldRounds: no round is young and old',
    Number.isFinite(junkFactor) && junkFactor >= 1 && junkFactor <= 16
      ? null
      : 'protocol.junkFactor: from 1 to 16',
  ];
}

/** Pushing must be worth it to the one side, and answering with packets to the other. */
function pushInequalities({ protocol, utility, packetBytes }: StreamConfig): Inequality[] {
  if (protocol.kind !== 'gossip' || protocol.pushSize === 0) return [];
  return [
    fillerIsDearer('push-junk', {
      usefulBytes: packetBytes,
      fillerBytes: packetBytes * protocol.junkFactor,
      tradingWorth: packetBytes * utility.oldTradeValue,
    }),
    givingFirstPays('push', {
      probability: utility.pushUsefulChance,
      worth: (utility.benefit / utility.upCost) * packetBytes,
      sentBytes: packetBytes,
    }),
  ];
}

function flightProblems({ protocol }: StreamConfig): Problem[] {
  if (protocol.kind !== 'flightpath') return [];
  const { epochRounds, imbalance, debtMax, acceptLimit, capBytes } = protocol;
  return [
    isCount(epochRounds, 1, 100_000) ? null : 'protocol.epochRounds: from 1 to 100,000',
    Number.isFinite(imbalance) && imbalance >= 0 && imbalance <= 1 ? null : 'protocol.imbalance: from 0 to 1',
    isCount(debtMax, 0, 65_535) ? null : 'protocol.debtMax: from 0 to 65,535',
    isCount(acceptLimit, 1, 1000) ? null : 'protocol.acceptLimit: from 1 to 1000',
    isCount(capBytes, 1, 2 ** 40) ? null : 'protocol.capBytes: above 0',
  ];
}

/** The shares of a peer's traffic: what it needs from others, with some for what is traded in vain. */
const TRADED_SHARE = 1.5;

/** Taking part must be worth what it costs. */
function participation({ utility }: StreamConfig): Inequality {
  const { benefit, upCost, downCost } = utility;
  return {
    name: 'taking-part',
    because:
      'Else the stream is worth less to a peer than the bandwidth that it takes (long-term benefit, BAR-T).',
    less: {
      says: `${TRADED_SHARE} times the stream sent and received`,
      value: TRADED_SHARE * (upCost + downCost),
    },
    more: { says: 'the benefit of the stream', value: benefit },
  };
}

/** Sentences about what is wrong with `config`; empty if it is sound. */
export function configProblems(config: StreamConfig): string[] {
  const problems = [
    ...shapeProblems(config),
    ...weightProblems(config),
    ...keyProblems(config),
    ...pushProblems(config),
    ...flightProblems(config),
    ...unsoundInequalities([...keyInequalities(config), ...pushInequalities(config), participation(config)]),
  ];
  return problems.filter((problem) => problem !== null);
}

/** Stops a process that would run under an unsound config. `allowsUnsound` is for audits that look for what breaks. */
export function requireSound(config: StreamConfig, allowsUnsound: boolean): void {
  const problems = allowsUnsound ? [] : configProblems(config);
  if (problems.length > 0)
    halt(`The configuration is unsound, and nothing was started. ${problems.join('; ')}.`);
}
