/**
 * Messages as bytes. Canonical and bounded: a decoder accepts what the encoder makes and nothing else.
 *
 *   statements (kinds 0 to 5)  body (trade/statements.ts) | 64 bytes signature
 *     briefcase, further       list of headers | list of sealed chunks, each u32 length and bytes
 *     reserve, further         bool, introduction: 256 bytes VRF key | u32 taken | bool, ticket
 *   16 busy          u32 round | u8 tag
 *   17 key-ask       u32 round | u8 tag | bool from initiator | zeros up to the config's `askBytes`
 *   18 key           u32 round | u8 tag | bool from initiator | 16 bytes key
 *   19 seed          header | list of: u16 index, packet
 *   20 clock-ask     u32 nonce | u32 evictions
 *   21 beacon        u32 nonce | f64 milliseconds | 64 bytes signature
 *   22 evictions     update of the eviction list
 *   23 audit-ask     u32 round
 *   24 audit-answer  u32 round | u32 length, evidence | zeros up to what the largest evidence takes
 */

import { readEvictionUpdate, writeEvictionUpdate } from '@concordat/accountability';
import { SIGNATURE_BYTES, VRF_PUBLIC_KEY_BYTES } from '@concordat/crypto';
import { assert, type MessageCodec, unreachable } from '@concordat/kernel';
import { createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import type { Shape } from '../bits.ts';
import { junkBytesOf, type StreamConfig, shapeOf } from '../config.ts';
import { HEADER_BYTES, readHeader, writeHeader } from '../content/header.ts';
import { MAX_PATH, packetOverhead, readPacket, writePacket } from '../content/packets.ts';
import { maxContents, maxEvidenceBytes } from '../evidence/limits.ts';
import { MAX_STREAM_EVICTIONS } from '../membership/evictions.ts';
import { readTicket, writeTicket } from '../membership/ticket.ts';
import { readBody, readTag, type StatementBody, writeBody } from '../trade/statements.ts';
import {
  type Briefcase,
  type Introduction,
  KEY_BYTES,
  type Seed,
  type StreamMessage,
  type TradeStatement,
} from './messages.ts';

/** Kinds from here on are no signed statements of trades. */
const KINDS = [
  'busy',
  'key-ask',
  'key',
  'seed',
  'clock-ask',
  'beacon',
  'evictions',
  'audit-ask',
  'audit-answer',
] as const;
type PlainKind = (typeof KINDS)[number];
type PlainMessage = Extract<StreamMessage, { kind: PlainKind }>;
const FIRST_PLAIN = 16;

const KEY_HEAD_BYTES = 1 + 4 + 1 + 1;

interface Limits {
  readonly config: StreamConfig;
  readonly shape: Shape;
  readonly contents: number;
  readonly chunkBytes: number;
  readonly evidenceBytes: number;
}

function limitsOf(config: StreamConfig): Limits {
  const packet = packetOverhead(MAX_PATH) + config.packetBytes;
  return {
    config,
    shape: shapeOf(config),
    contents: maxContents(config),
    chunkBytes: Math.max(packet, junkBytesOf(config)),
    evidenceBytes: maxEvidenceBytes(config),
  };
}

const isStatement = (message: StreamMessage): message is TradeStatement => {
  switch (message.kind) {
    case 'reserve':
    case 'accept':
    case 'reveal':
    case 'push-offer':
    case 'push-want':
    case 'briefcase':
      return true;
    default:
      return false;
  }
};

function zeros(writer: Writer, count: number): void {
  for (let i = 0; i < count; i++) writer.u8(0);
}

function readZeros(reader: Reader, count: number): void {
  for (let i = 0; i < count && !reader.failed; i++) if (reader.u8() !== 0) reader.fail();
}

function writeBriefcaseRest(writer: Writer, { headers, sealed }: Briefcase): void {
  assert(sealed.kind === 'bytes', 'what is encoded was sealed as bytes');
  writer.list(headers, (header) => writeHeader(writer, header));
  writer.list(sealed.chunks, (chunk) => writer.bytes(chunk));
}

function writeIntroduction(writer: Writer, introduction: Introduction | null): void {
  writer.bool(introduction !== null);
  if (introduction === null) return;
  writer.fixed(introduction.vrfKey);
  writer.u32(introduction.taken);
  writer.bool(introduction.ticket !== null);
  if (introduction.ticket !== null) writeTicket(writer, introduction.ticket);
}

const readIntroduction = (reader: Reader): Introduction | null =>
  reader.bool()
    ? {
        vrfKey: reader.fixed(VRF_PUBLIC_KEY_BYTES),
        taken: reader.u32(),
        ticket: reader.bool() ? readTicket(reader) : null,
      }
    : null;

function writeStatement(writer: Writer, { shape }: Limits, statement: TradeStatement): void {
  writeBody(writer, shape, statement);
  writer.fixed(statement.signature);
  if (statement.kind === 'briefcase') writeBriefcaseRest(writer, statement);
  else if (statement.kind === 'reserve') writeIntroduction(writer, statement.introduction);
}

function withRest(reader: Reader, limits: Limits, body: StatementBody): TradeStatement {
  const signature = reader.fixed(SIGNATURE_BYTES);
  if (body.kind === 'reserve') return { ...body, signature, introduction: readIntroduction(reader) };
  if (body.kind !== 'briefcase') return { ...body, signature };
  const headers = reader.list(limits.shape.lifetime, HEADER_BYTES, () => readHeader(reader));
  const chunks = reader.list(limits.contents, 4, () => reader.bytes(limits.chunkBytes));
  if (body.contents.length > limits.contents) reader.fail();
  return { ...body, signature, headers, sealed: { kind: 'bytes', chunks } };
}

function writeSeed(writer: Writer, { header, packets }: Seed): void {
  writeHeader(writer, header);
  writer.list(packets, (packet) => {
    writer.u16(packet.index);
    writePacket(writer, packet);
  });
}

function readSeed(reader: Reader, { config, shape }: Limits): Seed {
  const header = readHeader(reader);
  const packets = reader.list(shape.perRound, 2 + packetOverhead(0), () => {
    const index = reader.u16();
    if (index >= shape.perRound) reader.fail();
    return readPacket(reader, header.round, index, config.packetBytes);
  });
  return { kind: 'seed', header, packets };
}

function writePlain(writer: Writer, limits: Limits, message: PlainMessage): void {
  writer.u8(FIRST_PLAIN + KINDS.indexOf(message.kind));
  switch (message.kind) {
    case 'busy':
      writer.u32(message.round);
      return writer.u8(message.tag);
    case 'key-ask':
    case 'key':
      writer.u32(message.round);
      writer.u8(message.tag);
      writer.bool(message.fromInitiator);
      if (message.kind === 'key') return writer.fixed(message.key);
      return zeros(writer, limits.config.keys.askBytes - KEY_HEAD_BYTES);
    case 'seed':
      return writeSeed(writer, message);
    case 'clock-ask':
      writer.u32(message.nonce);
      return writer.u32(message.evictions);
    case 'beacon':
      writer.u32(message.nonce);
      writer.f64(message.sessionMs);
      return writer.fixed(message.signature);
    case 'evictions':
      return writeEvictionUpdate(writer, message.update);
    case 'audit-ask':
      return writer.u32(message.round);
    case 'audit-answer':
      writer.u32(message.round);
      writer.bytes(message.evidence);
      return zeros(writer, limits.evidenceBytes - message.evidence.length);
    default:
      unreachable(message);
  }
}

function readPlain(reader: Reader, limits: Limits, kind: PlainKind): PlainMessage {
  switch (kind) {
    case 'busy':
      return { kind, round: reader.u32(), tag: readTag(reader) };
    case 'key-ask': {
      const ask = { kind, round: reader.u32(), tag: readTag(reader), fromInitiator: reader.bool() };
      readZeros(reader, limits.config.keys.askBytes - KEY_HEAD_BYTES);
      return ask;
    }
    case 'key': {
      const [round, tag, fromInitiator] = [reader.u32(), readTag(reader), reader.bool()];
      return { kind, round, tag, fromInitiator, key: reader.fixed(KEY_BYTES) };
    }
    case 'seed':
      return readSeed(reader, limits);
    case 'clock-ask':
      return { kind, nonce: reader.u32(), evictions: reader.u32() };
    case 'beacon': {
      const [nonce, sessionMs] = [reader.u32(), reader.f64()];
      return { kind, nonce, sessionMs, signature: reader.fixed(SIGNATURE_BYTES) };
    }
    case 'evictions':
      return { kind, update: readEvictionUpdate(reader, MAX_STREAM_EVICTIONS) };
    case 'audit-ask':
      return { kind, round: reader.u32() };
    case 'audit-answer': {
      const answer = { kind, round: reader.u32(), evidence: reader.bytes(limits.evidenceBytes) };
      readZeros(reader, limits.evidenceBytes - answer.evidence.length);
      return answer;
    }
    default:
      return unreachable(kind);
  }
}

/** The codec of one stream: sizes and bounds follow from its config. */
export function createMessageCodec(config: StreamConfig): MessageCodec<StreamMessage> {
  const limits = limitsOf(config);
  return {
    encode: (message) => {
      const writer = createWriter();
      if (isStatement(message)) writeStatement(writer, limits, message);
      else writePlain(writer, limits, message);
      return writer.finish();
    },
    decode: (bytes) => {
      const reader = createReader(bytes);
      const first = bytes[0] ?? 0;
      if (first < FIRST_PLAIN) return reader.finish(withRest(reader, limits, readBody(reader, limits.shape)));
      const kind = KINDS[reader.u8() - FIRST_PLAIN];
      return kind === undefined ? null : reader.finish(readPlain(reader, limits, kind));
    },
  };
}
