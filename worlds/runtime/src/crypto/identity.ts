/**
 * What a member is known by: an Ed25519 key for what it signs, and a separate key and certificate for its links, so
 * that neither can be made to speak for the other. Peers pin the SHA-256 of the link certificate's public key.
 */

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { SEED_BYTES } from '@concordat/crypto';
import { toHex } from '@concordat/wire';
import { selfSignedCertificate } from './certificate.ts';
import { privateKeyOf, rawPublicKeyOf } from './ed25519.ts';
import { sha256 } from './hash.ts';

export interface TlsIdentity {
  /** PEM, PKCS #8. Secret. */
  readonly key: string;
  /** PEM, X.509. */
  readonly cert: string;
}

export interface Identity {
  /** 32 secret bytes. */
  readonly seed: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly tls: TlsIdentity;
  /** Lower-case hexadecimal SHA-256 of the link certificate's SubjectPublicKeyInfo; public. */
  readonly pin: string;
}

/** A fresh identity; `name` is only for people who look at the certificate. */
export function generateIdentity(name = 'concordat member'): Identity {
  const seed = new Uint8Array(randomBytes(SEED_BYTES));
  const { privateKey } = generateKeyPairSync('ed25519');
  const cert = selfSignedCertificate(privateKey, name);
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { seed, publicKey: rawPublicKeyOf(privateKeyOf(seed)), tls: { key, cert }, pin: pinOf(cert) };
}

/** The pin of a certificate (PEM or DER): hexadecimal SHA-256 of its public key. Throws if it is no certificate. */
export function pinOf(certificate: string | Uint8Array): string {
  const spki = new X509Certificate(certificate).publicKey.export({ format: 'der', type: 'spki' });
  return toHex(sha256(spki));
}

/** True if the private key belongs to the certificate. Throws if either cannot be read. */
export function matchesCertificate(identity: TlsIdentity): boolean {
  const spki = createPublicKey(createPrivateKey(identity.key)).export({ format: 'der', type: 'spki' });
  return toHex(sha256(spki)) === pinOf(identity.cert);
}
