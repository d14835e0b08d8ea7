/**
 * A self-signed X.509 v3 certificate (RFC 5280, RFC 8410) for an Ed25519 key: Node reads certificates but cannot make
 * them. Members pin each other's public keys, so the certificate proves nothing but possession of its key; its name
 * and dates are formalities ("99991231235959Z" is the RFC's way to say that it has no end).
 */

import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const EXPLICIT_0 = 0xa0;

const ED25519 = Buffer.from('2b6570', 'hex');
const COMMON_NAME = Buffer.from('550403', 'hex');

/** One DER value: tag, definite length, content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  if (size < 0x80) return Buffer.concat([Buffer.from([tag, size]), content]);
  const sizeBytes = size < 0x100 ? [size] : [size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, 0x80 | sizeBytes.length, ...sizeBytes]), content]);
}

/** A PEM certificate of `privateKey` (Ed25519), signed by itself; `name` becomes its common name. */
export function selfSignedCertificate(privateKey: KeyObject, name: string): string {
  const algorithm = der(SEQUENCE, der(OID, ED25519));
  const names = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, der(OID, COMMON_NAME), der(UTF8_STRING, Buffer.from(name)))),
  );
  const serial = randomBytes(16);
  // A DER integer is positive and minimal when it starts with a bit pattern 01.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const validity = der(
    SEQUENCE,
    der(UTC_TIME, Buffer.from('200101000000Z')),
    der(GENERALIZED_TIME, Buffer.from('99991231235959Z')),
  );
  const version3 = der(EXPLICIT_0, der(INTEGER, Buffer.from([2])));
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const body = der(SEQUENCE, version3, der(INTEGER, serial), algorithm, names, validity, names, spki);
  const signature = der(BIT_STRING, Buffer.from([0]), sign(null, body, privateKey));
  const base64 = der(SEQUENCE, body, algorithm, signature).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
