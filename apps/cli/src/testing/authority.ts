/**
 * Certificate authorities for tests of the port with TLS: X.509 v3 certificates (RFC 5280) for Ed25519 keys, with
 * subjects of any shape. Nothing outside this machine is asked, and openssl need not be installed.
 */

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface Certified {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

/** The name of an attribute's type, and its value. */
export type Attribute = readonly [oid: string, value: string];

export const COMMON_NAME = '550403';
export const ORGANISATION = '55040a';

const SEQUENCE = 0x30;
const SET = 0x31;
const OID = 0x06;
const ED25519 = '2b6570';

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

const hex = (tag: number, digits: string): Buffer => der(tag, Buffer.from(digits, 'hex'));

const nameOf = (attributes: readonly Attribute[]): Buffer =>
  der(
    SEQUENCE,
    ...attributes.map(([oid, value]) =>
      der(SET, der(SEQUENCE, hex(OID, oid), der(0x0c, Buffer.from(value)))),
    ),
  );

/** Critical, as both are. */
const extension = (oid: string, value: Buffer): Buffer =>
  der(SEQUENCE, hex(OID, oid), hex(0x01, 'ff'), der(0x04, value));

interface Wanted {
  readonly subject: readonly Attribute[];
  /** Its end is past. */
  readonly isExpired?: boolean;
}

export interface Authority {
  readonly cert: string;
  issue(wanted: Wanted): Certified;
}

export function createAuthority(name: string): Authority {
  const subject: Attribute[] = [[COMMON_NAME, name]];
  const own = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const make = (key: string, wanted: Wanted, isAuthority: boolean): string => {
    const algorithm = der(SEQUENCE, hex(OID, ED25519));
    const until = wanted.isExpired === true ? '210101000000Z' : '491231235959Z';
    const extensions = isAuthority
      ? extension('551d13', der(SEQUENCE, hex(0x01, 'ff')))
      : // Of the machine that tests run on: what clients compare.
        der(
          SEQUENCE,
          hex(OID, '551d11'),
          der(0x04, der(SEQUENCE, der(0x82, Buffer.from('localhost')), hex(0x87, '7f000001'))),
        );
    const body = der(
      SEQUENCE,
      der(0xa0, hex(0x02, '02')),
      der(0x02, Buffer.concat([Buffer.from([0x40]), randomBytes(15)])),
      algorithm,
      nameOf(subject),
      der(SEQUENCE, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from(until))),
      nameOf(wanted.subject),
      createPublicKey(key).export({ format: 'der', type: 'spki' }),
      der(0xa3, der(SEQUENCE, extensions)),
    );
    const signature = der(0x03, Buffer.from([0]), sign(null, body, createPrivateKey(own)));
    const base64 = der(SEQUENCE, body, algorithm, signature).toString('base64');
    const lines = base64.match(/.{1,64}/g) ?? [];
    return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  };
  return {
    cert: make(own, { subject }, true),
    issue: (wanted) => {
      const { privateKey } = generateKeyPairSync('ed25519');
      const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
      return { key, cert: make(key, wanted, false) };
    },
  };
}
