/**
 * The signed bodies of a trade. They open alike, so that two of one peer can be held together whatever they are:
 *
 *   u8 type | u32 epoch | u32 round | u8 tag | u32 from | u32 to | what the type says
 *
 *   reserve     proof | u16 candidate | u32 evictions | 32 bytes commitment
 *   accept      32 bytes answers | claim
 *   reveal      16 bytes nonce | claim
 *   push-offer  proof | u16 candidate | u32 evictions | bits young | bits old | u32 known
 *   push-want   32 bytes answers | bits want | u32 known
 *   briefcase   32 bytes answers | list of u16 contents | 32 bytes key digest | 32 bytes seal digest
 *
 *   claim       bits have | bits want | u32 known | u16 may owe | u16 may give
 *   proof       256 bytes
 */

import { DIGEST_BYTES, type Hash, tagged, VRF_PROOF_BYTES } from '@concordat/crypto';
import { type Digest, unreachable } from '@concordat/kernel';
import { createWriter, type Reader, type Writer } from '@concordat/wire';
import { MAX_WINDOW_PACKETS, type Shape } from '../bits.ts';
import type { Signer, StreamKeys } from '../keys.ts';
import { bitsBytes, readBits, writeBits } from '../messages/bits-codec.ts';
import {
  type Briefcase,
  type Claim,
  EXCHANGE,
  FLEXIBLE,
  NONCE_BYTES,
  type Occasion,
  type ProofOfChoice,
  PUSH,
  type Tag,
  type TradeStatement,
} from '../messages/messages.ts';
import { signedBytes } from '../statement.ts';

/** The contents of a body: the message without its signature and without what is not signed. */
export type StatementBody = {
  [K in TradeStatement['kind']]: Omit<
    Extract<TradeStatement, { kind: K }>,
    'signature' | 'headers' | 'sealed' | 'introduction'
  >;
}[TradeStatement['kind']];

const TYPES: readonly TradeStatement['kind'][] = [
  'reserve',
  'accept',
  'reveal',
  'push-offer',
  'push-want',
  'briefcase',
];

const OCCASION_BYTES = 1 + 4 + 4 + 1 + 4 + 4;
const CHOICE_BYTES = VRF_PROOF_BYTES + 2 + 4;
const claimBytes = (shape: Shape): number => 2 * bitsBytes(shape) + 4 + 2 + 2;

/** Bytes of the body of a statement with `contents` items, if it is a briefcase. */
export function bodyBytes(shape: Shape, kind: TradeStatement['kind'], contents = 0): number {
  switch (kind) {
    case 'reserve':
      return OCCASION_BYTES + CHOICE_BYTES + DIGEST_BYTES;
    case 'accept':
      return OCCASION_BYTES + DIGEST_BYTES + claimBytes(shape);
    case 'reveal':
      return OCCASION_BYTES + NONCE_BYTES + claimBytes(shape);
    case 'push-offer':
      return OCCASION_BYTES + CHOICE_BYTES + 2 * bitsBytes(shape) + 4;
    case 'push-want':
      return OCCASION_BYTES + DIGEST_BYTES + bitsBytes(shape) + 4;
    case 'briefcase':
      return OCCASION_BYTES + DIGEST_BYTES + 4 + 2 * contents + 2 * DIGEST_BYTES;
    default:
      return unreachable(kind);
  }
}

export function writeClaim(writer: Writer, shape: Shape, claim: Claim): void {
  writeBits(writer, shape, claim.have);
  writeBits(writer, shape, claim.want);
  writer.u32(claim.known);
  writer.u16(claim.mayOwe);
  writer.u16(claim.mayGive);
}

const readClaim = (reader: Reader, shape: Shape): Claim => ({
  have: readBits(reader, shape),
  want: readBits(reader, shape),
  known: reader.u32(),
  mayOwe: reader.u16(),
  mayGive: reader.u16(),
});

function writeChoice(writer: Writer, { proof, candidate, evictions }: ProofOfChoice): void {
  writer.fixed(proof);
  writer.u16(candidate);
  writer.u32(evictions);
}

const readChoice = (reader: Reader): ProofOfChoice => ({
  proof: reader.fixed(VRF_PROOF_BYTES),
  candidate: reader.u16(),
  evictions: reader.u32(),
});

function writeBriefcase(
  writer: Writer,
  briefcase: Omit<Briefcase, 'signature' | 'headers' | 'sealed'>,
): void {
  writer.fixed(briefcase.answers);
  writer.list(briefcase.contents, (id) => writer.u16(id));
  writer.fixed(briefcase.keyDigest);
  writer.fixed(briefcase.sealDigest);
}

export function writeBody(writer: Writer, shape: Shape, body: StatementBody): void {
  writer.u8(TYPES.indexOf(body.kind));
  writer.u32(body.epoch);
  writer.u32(body.round);
  writer.u8(body.tag);
  writer.u32(body.from);
  writer.u32(body.to);
  switch (body.kind) {
    case 'reserve':
      writeChoice(writer, body);
      writer.fixed(body.commitment);
      break;
    case 'accept':
      writer.fixed(body.answers);
      writeClaim(writer, shape, body);
      break;
    case 'reveal':
      writer.fixed(body.nonce);
      writeClaim(writer, shape, body);
      break;
    case 'push-offer':
      writeChoice(writer, body);
      writeBits(writer, shape, body.young);
      writeBits(writer, shape, body.old);
      writer.u32(body.known);
      break;
    case 'push-want':
      writer.fixed(body.answers);
      writeBits(writer, shape, body.want);
      writer.u32(body.known);
      break;
    case 'briefcase':
      writeBriefcase(writer, body);
      break;
    default:
      unreachable(body);
  }
}

const TAGS: readonly Tag[] = [EXCHANGE, PUSH, FLEXIBLE];

export function readTag(reader: Reader): Tag {
  const tag = TAGS[reader.u8()];
  if (tag === undefined) reader.fail();
  return tag ?? EXCHANGE;
}

const MAX_CONTENTS = MAX_WINDOW_PACKETS;

export function readBody(reader: Reader, shape: Shape): StatementBody {
  const kind = TYPES[reader.u8()];
  if (kind === undefined) reader.fail();
  return readRest(reader, shape, kind ?? 'reserve');
}

function readRest(reader: Reader, shape: Shape, kind: TradeStatement['kind']): StatementBody {
  const epoch = reader.u32();
  const round = reader.u32();
  const tag = readTag(reader);
  const occasion: Occasion = { epoch, round, tag, from: reader.u32(), to: reader.u32() };
  switch (kind) {
    case 'reserve':
      return { kind, ...occasion, ...readChoice(reader), commitment: reader.fixed(DIGEST_BYTES) };
    case 'accept':
      return { kind, ...occasion, answers: reader.fixed(DIGEST_BYTES), ...readClaim(reader, shape) };
    case 'reveal':
      return { kind, ...occasion, nonce: reader.fixed(NONCE_BYTES), ...readClaim(reader, shape) };
    case 'push-offer': {
      const choice = readChoice(reader);
      const [young, old] = [readBits(reader, shape), readBits(reader, shape)];
      return { kind, ...occasion, ...choice, young, old, known: reader.u32() };
    }
    case 'push-want': {
      const [answers, want] = [reader.fixed(DIGEST_BYTES), readBits(reader, shape)];
      return { kind, ...occasion, answers, want, known: reader.u32() };
    }
    case 'briefcase': {
      const answers = reader.fixed(DIGEST_BYTES);
      const contents = reader.list(MAX_CONTENTS, 2, () => reader.u16());
      const keyDigest = reader.fixed(DIGEST_BYTES);
      return { kind, ...occasion, answers, contents, keyDigest, sealDigest: reader.fixed(DIGEST_BYTES) };
    }
    default:
      return unreachable(kind);
  }
}

/** PERF: bodies are written in one place and copied out once: a writer of its own costs as much as the rest. */
const room = createWriter(4096);

export function bodyOf(shape: Shape, statement: StatementBody): Uint8Array {
  writeBody(room, shape, statement);
  return room.finish();
}

/** What an answer names of the statement that it answers: its body, since a body can have several signatures. */
export const bodyDigest = (hash: Hash, body: Uint8Array): Digest => tagged(hash, 'trade-body', body);

export const signBody = (keys: StreamKeys, stream: Digest, body: Uint8Array): Uint8Array =>
  keys.sign(signedBytes(stream, 'trade', body));

export const isBodySigned = (
  keys: Pick<StreamKeys, 'verify'>,
  stream: Digest,
  signer: Signer,
  body: Uint8Array,
  signature: Uint8Array,
): boolean => keys.verify(signer, signedBytes(stream, 'trade', body), signature);

/**
 * What a RESERVE commits to: the whole claim, or in a flexible trade what its maker has. What it wants there is said last,
 * when it knows what else is under way and what the partner has, so that nothing is fetched twice.
 */
export function commitmentOf(hash: Hash, shape: Shape, nonce: Uint8Array, claim: Claim, tag: Tag): Digest {
  room.fixed(nonce);
  if (tag === FLEXIBLE) {
    writeBits(room, shape, claim.have);
    room.u32(claim.known);
  } else {
    writeClaim(room, shape, claim);
  }
  return tagged(hash, 'trade-commitment', room.view());
}
