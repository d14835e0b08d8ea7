/** Random messages of every kind, as large as the real ones. */

import {
  modelCipher,
  modelHash,
  SIGNATURE_BYTES,
  VRF_PROOF_BYTES,
  VRF_PUBLIC_KEY_BYTES,
} from '@concordat/crypto';
import type { Prng } from '@concordat/kernel';
import { type Bits, createBits, JUNK, type Shape, setBit } from '../bits.ts';
import { gossipPreset, junkBytesOf, type StreamConfig, type StreamIdentity } from '../config.ts';
import type { RoundHeader } from '../content/header.ts';
import { type Packet, pathLength } from '../content/packets.ts';
import { maxEvidenceBytes } from '../evidence/limits.ts';
import {
  type Briefcase,
  type Claim,
  EXCHANGE,
  type Introduction,
  KEY_BYTES,
  NONCE_BYTES,
  type Occasion,
  PUSH,
  type StreamMessage,
} from '../messages/messages.ts';
import { createSealing, type Sealing } from '../trade/sealing.ts';
import { sampleMember } from './sample-members.ts';

export const IDENTITY: StreamIdentity = {
  session: new Uint8Array(16).fill(7),
  broadcasterKey: new Uint8Array(32).fill(1),
  trackerKey: new Uint8Array(32).fill(2),
};

/** Odd numbers everywhere: 11 packets per round of 100 bytes, 5 rounds. */
export const sampleConfig = (changes: Partial<StreamConfig> = {}): StreamConfig =>
  gossipPreset(IDENTITY, {
    packetsPerRound: 11,
    neededPackets: 11,
    lifetimeRounds: 5,
    packetBytes: 100,
    protocol: { kind: 'gossip', pushSize: 2, youngRounds: 2, oldRounds: 3, junkFactor: 1.39 },
    ...changes,
  });

export const sampleBytes = (random: Prng, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, () => random.below(256));

export function sampleBits(random: Prng, shape: Shape, density = 0.5): Bits {
  const bits = createBits(shape);
  for (let id = 0; id < shape.lifetime * shape.perRound; id++)
    if (random.chance(density)) setBit(shape, bits, id);
  return bits;
}

export const sampleHeader = (
  random: Prng,
  round: number,
  payloadBytes = random.below(1000),
): RoundHeader => ({
  round,
  payloadBytes,
  payloadDigest: sampleBytes(random, 32),
  root: sampleBytes(random, 32),
  evictions: random.below(10),
  signature: sampleBytes(random, SIGNATURE_BYTES),
});

export const samplePacket = (random: Prng, config: StreamConfig, round: number, index: number): Packet => ({
  round,
  index,
  payload: sampleBytes(random, config.packetBytes),
  path: Array.from({ length: pathLength(config.packetsPerRound, index) }, () => sampleBytes(random, 32)),
});

export const sampleSealing = (config: StreamConfig): Sealing =>
  createSealing(modelHash, modelCipher, {
    maxPayloadBytes: config.packetBytes,
    junkBytes: junkBytesOf(config),
  });

const sampleOccasion = (random: Prng): Occasion => ({
  epoch: random.below(5),
  round: 20 + random.below(5),
  tag: random.pick([EXCHANGE, PUSH] as const),
  from: random.below(1000),
  to: random.below(1000),
});

const sampleClaim = (random: Prng, shape: Shape): Claim => ({
  have: sampleBits(random, shape),
  want: sampleBits(random, shape),
  known: random.below(2 ** 32),
  mayOwe: random.below(65_536),
  mayGive: random.below(65_536),
});

const sampleChoice = (random: Prng) => ({
  proof: sampleBytes(random, VRF_PROOF_BYTES),
  candidate: random.below(65_536),
  evictions: random.below(100),
});

/** Of a newcomer. */
const INTRODUCTION: Introduction = {
  vrfKey: new Uint8Array(VRF_PUBLIC_KEY_BYTES).fill(9),
  taken: 77,
  ticket: {
    ticket: { epoch: 3, place: 40, startRound: 130, member: sampleMember(7) },
    signature: new Uint8Array(SIGNATURE_BYTES).fill(5),
  },
};

function sampleBriefcase(random: Prng, config: StreamConfig): Briefcase {
  const { packetsPerRound, lifetimeRounds } = config;
  const sealing = sampleSealing(config);
  const contents = Array.from({ length: random.below(5) }, () =>
    random.chance(0.3) ? JUNK : random.below(packetsPerRound * lifetimeRounds),
  );
  const items = contents.map((id) =>
    id === JUNK ? sealing.junk : samplePacket(random, config, 20, id % packetsPerRound),
  );
  const sealed = sealing.seal(sampleBytes(random, KEY_BYTES), items);
  return {
    kind: 'briefcase',
    ...sampleOccasion(random),
    answers: sampleBytes(random, 32),
    contents,
    keyDigest: sampleBytes(random, 32),
    sealDigest: sealing.digestOf(sealed),
    signature: sampleBytes(random, SIGNATURE_BYTES),
    headers: Array.from({ length: random.below(3) }, () => sampleHeader(random, 20)),
    sealed,
  };
}

/** One of each kind. */
export function sampleMessages(random: Prng, config: StreamConfig, shape: Shape): StreamMessage[] {
  const signature = sampleBytes(random, SIGNATURE_BYTES);
  const occasion = sampleOccasion(random);
  const answers = sampleBytes(random, 32);
  const key = {
    round: random.below(1000),
    tag: random.pick([EXCHANGE, PUSH] as const),
    fromInitiator: random.chance(0.5),
  };
  const header = sampleHeader(random, 20);
  const indices = [0, 3, 10].filter((index) => index < config.packetsPerRound);
  const evidence = sampleBytes(random, random.below(maxEvidenceBytes(config) + 1));
  const entries = Array.from({ length: random.below(4) }, (_, i) => ({
    member: i * 3,
    epoch: 0,
    round: 100 * i + random.below(99),
    rule: 'bad-briefcase',
    proof: new Uint8Array(32).fill(i),
  }));
  return [
    {
      kind: 'reserve',
      ...occasion,
      ...sampleChoice(random),
      commitment: answers,
      signature,
      introduction: INTRODUCTION,
    },
    { kind: 'accept', ...occasion, answers, ...sampleClaim(random, shape), signature },
    {
      kind: 'reveal',
      ...occasion,
      nonce: sampleBytes(random, NONCE_BYTES),
      ...sampleClaim(random, shape),
      signature,
    },
    {
      kind: 'push-offer',
      ...occasion,
      ...sampleChoice(random),
      young: sampleBits(random, shape),
      old: sampleBits(random, shape),
      known: random.below(2 ** 32),
      signature,
    },
    { kind: 'push-want', ...occasion, answers, want: sampleBits(random, shape), known: 5, signature },
    sampleBriefcase(random, config),
    { kind: 'busy', round: random.below(1000), tag: PUSH },
    { kind: 'key-ask', ...key },
    { kind: 'key', ...key, key: sampleBytes(random, KEY_BYTES) },
    { kind: 'seed', header, packets: indices.map((index) => samplePacket(random, config, 20, index)) },
    { kind: 'clock-ask', nonce: random.uint32(), evictions: random.below(10) },
    { kind: 'beacon', nonce: random.uint32(), sessionMs: random.unit() * 1e6 - 1e3, signature },
    {
      kind: 'evictions',
      update: { after: 2, version: entries.length, formerCount: 0, entries, signature },
    },
    { kind: 'audit-ask', round: random.below(1000) },
    { kind: 'audit-answer', round: random.below(1000), evidence },
  ];
}
