/**
 * Applications for membership: keys, what the system wants to know, and a credential that the way of admission understands,
 * signed with the very key that is to be listed - so nobody has another's key listed, or uses another's credential.
 *
 *   signed       32 bytes signing key | u32 length, key of a random function | u32 length, its certificate |
 *                u32 length, about | u32 length, credential
 *   application  u8 format (1) | signed | 64 bytes signature
 */

import {
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  type Signatures,
  VRF_CERTIFICATE_BYTES,
  VRF_PUBLIC_KEY_BYTES,
} from '@concordat/crypto';
import { assert, type Digest } from '@concordat/kernel';
import { createReader, createWriter, type Writer } from '@concordat/wire';
import { statementBytes } from '../statement.ts';
import { type Card, MAX_ABOUT_BYTES } from './members.ts';

const FORMAT = 1;

export const APPLICATION = 'application';
export const MAX_CREDENTIAL_BYTES = 1024;
export const MAX_APPLICATION_BYTES =
  1 +
  PUBLIC_KEY_BYTES +
  4 * 4 +
  VRF_PUBLIC_KEY_BYTES +
  VRF_CERTIFICATE_BYTES +
  MAX_ABOUT_BYTES +
  MAX_CREDENTIAL_BYTES +
  SIGNATURE_BYTES;

export interface Wish extends Omit<Card, 'id'> {
  /** From `certifyVrfKey`; empty like the key where the system draws nothing. */
  readonly vrfCertificate: Uint8Array;
  /** Empty where none is asked for. */
  readonly credential: Uint8Array;
}

export interface Application extends Wish {
  readonly signature: Uint8Array;
}

function writeWish(writer: Writer, wish: Wish): void {
  writer.fixed(wish.signingKey);
  writer.bytes(wish.vrfKey);
  writer.bytes(wish.vrfCertificate);
  writer.bytes(wish.about);
  writer.bytes(wish.credential);
}

function bytesToSign(cluster: Digest, wish: Wish): Uint8Array {
  const writer = createWriter(1024);
  writeWish(writer, wish);
  return statementBytes(cluster, APPLICATION, writer.finish());
}

/** Signs an application with the seed of its signing key. */
export function apply(
  signatures: Signatures,
  cluster: Digest,
  seed: Uint8Array,
  wish: Omit<Wish, 'signingKey'>,
): Application {
  const whole = { ...wish, signingKey: signatures.publicKeyOf(seed) };
  assert(wish.about.length <= MAX_ABOUT_BYTES, 'what an application says is bounded');
  assert(wish.credential.length <= MAX_CREDENTIAL_BYTES, 'a credential is bounded');
  return { ...whole, signature: signatures.signWith(seed, bytesToSign(cluster, whole)) };
}

/** True if whoever has the key that is to be listed made the application. */
export const isApplicantsOwn = (signatures: Signatures, cluster: Digest, application: Application): boolean =>
  signatures.verifyWith(application.signingKey, bytesToSign(cluster, application), application.signature);

export function encodeApplication(application: Application): Uint8Array {
  const writer = createWriter(1024);
  writer.u8(FORMAT);
  writeWish(writer, application);
  writer.fixed(application.signature);
  return writer.finish();
}

/** The application in bytes from anyone; null unless canonical. */
export function decodeApplication(bytes: Uint8Array): Application | null {
  if (bytes.length > MAX_APPLICATION_BYTES) return null;
  const reader = createReader(bytes);
  if (reader.u8() !== FORMAT) return null;
  const wish = {
    signingKey: reader.fixed(PUBLIC_KEY_BYTES),
    vrfKey: reader.bytes(VRF_PUBLIC_KEY_BYTES),
    vrfCertificate: reader.bytes(VRF_CERTIFICATE_BYTES),
    about: reader.bytes(MAX_ABOUT_BYTES),
    credential: reader.bytes(MAX_CREDENTIAL_BYTES),
  };
  const isKeyed =
    wish.vrfKey.length === VRF_PUBLIC_KEY_BYTES && wish.vrfCertificate.length === VRF_CERTIFICATE_BYTES;
  const isPlain = wish.vrfKey.length === 0 && wish.vrfCertificate.length === 0;
  if (!isKeyed && !isPlain) return null;
  return reader.finish({ ...wish, signature: reader.fixed(SIGNATURE_BYTES) });
}
