/**
 * A config as bytes, as an invite carries it.
 *
 *   u8 version (1) | 16 bytes session | 32 bytes broadcaster | 32 bytes tracker | u32 roundMs | u16 U | u16 K |
 *   u32 packetBytes | u8 lifetime | u16 seeds | u16 asks | u32 askBytes | bool serves debtors | bool accepts scraps | u16 audits |
 *   f64 benefit, up, down, old trade value, push chance | u8 protocol, then
 *   0 gossip      u16 push | u8 young | u8 old | f64 junk factor
 *   1 flightpath  u32 epoch | f64 imbalance | u16 debt | u16 accept | u53 cap
 */

import { PUBLIC_KEY_BYTES } from '@concordat/crypto';
import { createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import { type FlightParameters, type GossipParameters, SESSION_BYTES, type StreamConfig } from './config.ts';

const VERSION = 1;
const GOSSIP = 0;
const FLIGHTPATH = 1;

function writeProtocol(writer: Writer, protocol: StreamConfig['protocol']): void {
  if (protocol.kind === 'gossip') {
    writer.u8(GOSSIP);
    writer.u16(protocol.pushSize);
    writer.u8(protocol.youngRounds);
    writer.u8(protocol.oldRounds);
    writer.f64(protocol.junkFactor);
  } else {
    writer.u8(FLIGHTPATH);
    writer.u32(protocol.epochRounds);
    writer.f64(protocol.imbalance);
    writer.u16(protocol.debtMax);
    writer.u16(protocol.acceptLimit);
    writer.u53(protocol.capBytes);
  }
}

const readGossip = (reader: Reader): GossipParameters => ({
  kind: 'gossip',
  pushSize: reader.u16(),
  youngRounds: reader.u8(),
  oldRounds: reader.u8(),
  junkFactor: reader.f64(),
});

const readFlight = (reader: Reader): FlightParameters => ({
  kind: 'flightpath',
  epochRounds: reader.u32(),
  imbalance: reader.f64(),
  debtMax: reader.u16(),
  acceptLimit: reader.u16(),
  capBytes: reader.u53(),
});

function readProtocol(reader: Reader): StreamConfig['protocol'] {
  const kind = reader.u8();
  if (kind > FLIGHTPATH) reader.fail();
  return kind === FLIGHTPATH ? readFlight(reader) : readGossip(reader);
}

/** The bytes of a config without problems. */
export function encodeConfig(config: StreamConfig): Uint8Array {
  const { keys, utility } = config;
  const writer = createWriter(256);
  writer.u8(VERSION);
  writer.fixed(config.session);
  writer.fixed(config.broadcasterKey);
  writer.fixed(config.trackerKey);
  writer.u32(config.roundMs);
  writer.u16(config.packetsPerRound);
  writer.u16(config.neededPackets);
  writer.u32(config.packetBytes);
  writer.u8(config.lifetimeRounds);
  writer.u16(config.seeds);
  writer.u16(keys.asks);
  writer.u32(keys.askBytes);
  writer.bool(keys.servesDebtors);
  writer.bool(keys.acceptsScraps);
  writer.u16(config.auditsPerRound);
  writer.f64(utility.benefit);
  writer.f64(utility.upCost);
  writer.f64(utility.downCost);
  writer.f64(utility.oldTradeValue);
  writer.f64(utility.pushUsefulChance);
  writeProtocol(writer, config.protocol);
  return writer.finish();
}

/** The config in bytes from anyone; null unless canonical. Whether it is sound is for `configProblems`. */
export function decodeConfig(bytes: Uint8Array): StreamConfig | null {
  const reader = createReader(bytes);
  if (reader.u8() !== VERSION) return null;
  return reader.finish({
    session: reader.fixed(SESSION_BYTES),
    broadcasterKey: reader.fixed(PUBLIC_KEY_BYTES),
    trackerKey: reader.fixed(PUBLIC_KEY_BYTES),
    roundMs: reader.u32(),
    packetsPerRound: reader.u16(),
    neededPackets: reader.u16(),
    packetBytes: reader.u32(),
    lifetimeRounds: reader.u8(),
    seeds: reader.u16(),
    keys: {
      asks: reader.u16(),
      askBytes: reader.u32(),
      servesDebtors: reader.bool(),
      acceptsScraps: reader.bool(),
    },
    auditsPerRound: reader.u16(),
    utility: {
      benefit: reader.f64(),
      upCost: reader.f64(),
      downCost: reader.f64(),
      oldTradeValue: reader.f64(),
      pushUsefulChance: reader.f64(),
    },
    protocol: readProtocol(reader),
  });
}
