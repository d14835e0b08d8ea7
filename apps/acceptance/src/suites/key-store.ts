/**
 * Java's own key stores (JKS), which suites give their servers, as far as they need to be read: private keys in the clear
 * and certificates. A key is hidden by a stream of SHA-1 over the password and what came before, the salt at first
 * (sun.security.provider.KeyProtector).
 */

import { createHash } from 'node:crypto';

export interface KeyStore {
  /** PKCS #8, each with its certificates, its own first. */
  readonly keys: readonly { readonly key: Buffer; readonly chain: readonly Buffer[] }[];
  /** Of those who are trusted. */
  readonly certificates: readonly Buffer[];
}

const MAGIC = 0xfeedfeed;
const HASH_BYTES = 20;
const Tag = { key: 1, certificate: 2 } as const;

export const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`;

/** Null for anything else, and for a wrong password. */
export function readKeyStore(bytes: Buffer, password: string): KeyStore | null {
  try {
    return read(bytes, password);
  } catch {
    // A length beyond the end.
    return null;
  }
}

function read(bytes: Buffer, password: string): KeyStore | null {
  let at = 0;
  const take = (size: number): Buffer => {
    if (at + size > bytes.length) throw new RangeError('beyond the end');
    at += size;
    return bytes.subarray(at - size, at);
  };
  const int = (): number => take(4).readUInt32BE();
  const text = (): string => take(take(2).readUInt16BE()).toString();
  const certificate = (): Buffer => {
    text();
    return take(int());
  };
  if (int() !== MAGIC || int() !== 2) return null;
  const keys: KeyStore['keys'][number][] = [];
  const certificates: Buffer[] = [];
  for (let left = int(); left > 0; left--) {
    const tag = int();
    text();
    take(8);
    if (tag === Tag.certificate) certificates.push(certificate());
    else if (tag === Tag.key) {
      const key = revealed(take(int()), password);
      const chain = Array.from({ length: int() }, certificate);
      if (key === null) return null;
      keys.push({ key, chain });
    } else return null;
  }
  return { keys, certificates };
}

const sha1 = (...parts: readonly Buffer[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha1')).digest();

/** The key in an EncryptedPrivateKeyInfo of Sun's own algorithm; null if the password is wrong. */
function revealed(info: Buffer, password: string): Buffer | null {
  const secret = Buffer.from(password, 'utf16le').swap16();
  // SEQUENCE { SEQUENCE { algorithm }, OCTET STRING }.
  const outer = inside(info, 0);
  const hidden = inside(outer, headed(outer, 0).end);
  let block: Buffer = hidden.subarray(0, HASH_BYTES);
  const key = Buffer.from(hidden.subarray(HASH_BYTES, -HASH_BYTES));
  for (let i = 0; i < key.length; i++) {
    if (i % HASH_BYTES === 0) block = sha1(secret, block);
    key[i]! ^= block[i % HASH_BYTES]!;
  }
  return sha1(secret, key).equals(hidden.subarray(-HASH_BYTES)) ? key : null;
}

/** Where the content of the DER element at `at` begins and ends. */
function headed(der: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = der.readUInt8(at + 1);
  const more = first < 0x80 ? 0 : first - 0x80;
  const size = more === 0 ? first : der.readUIntBE(at + 2, more);
  const start = at + 2 + more;
  return { start, end: start + size };
}

function inside(der: Buffer, at: number): Buffer {
  const { start, end } = headed(der, at);
  return der.subarray(start, end);
}
