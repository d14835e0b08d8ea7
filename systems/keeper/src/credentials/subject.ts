/**
 * Whom a certificate (X.509, RFC 5280) is for, as a string: RFC 2253's form exactly as Java's
 * `getSubjectX500Principal().getName()` writes it, because identities of ZooKeeper's scheme x509 are compared as strings.
 * Certificates are what clients show: what is not DER, is too long or is no text has no name here.
 */

import { toHex } from '@concordat/wire';

/** The types that RFC 2253 has names for, by their OIDs; others are written as numbers, with their values as DER. */
const KEYWORDS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.9': 'STREET',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
};

const Tag = {
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
} as const;

/** UTF8String, PrintableString, T61String, IA5String, GeneralString, BMPString: Java reads the bytes of all as UTF-8. */
const TEXTS = new Set([0x0c, 0x13, 0x14, 0x16, 0x1b, 0x1e]);

const MAX_CERTIFICATE_BYTES = 64 * 1024;
const MAX_ATTRIBUTES = 256;

/** A DER value within its bytes. */
interface Value {
  readonly tag: number;
  readonly start: number;
  /** Its content is from `from` to `end`. */
  readonly from: number;
  readonly end: number;
}

/** The value at `start`, which must end by `limit`; null for what is none, or has a length that is not DER's. */
function valueAt(bytes: Uint8Array, start: number, limit: number): Value | null {
  const tag = bytes[start] ?? 0;
  const first = bytes[start + 1] ?? 0;
  if (start + 2 > limit || (tag & 0x1f) === 0x1f) return null;
  let from = start + 2;
  let length = first;
  if (first >= 0x80) {
    const lengthBytes = first - 0x80;
    if (lengthBytes < 1 || lengthBytes > 3 || from + lengthBytes > limit) return null;
    length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + (bytes[from + i] ?? 0);
    if (length < (lengthBytes === 1 ? 0x80 : 256 ** (lengthBytes - 1))) return null;
    from += lengthBytes;
  }
  return from + length > limit ? null : { tag, start, from, end: from + length };
}

/** The values that make up another one; null if it is not of this tag, or holds anything else. */
function partsOf(bytes: Uint8Array, whole: Value | null, tag: number): readonly Value[] | null {
  if (whole === null || whole.tag !== tag) return null;
  const parts: Value[] = [];
  for (let at = whole.from; at < whole.end; ) {
    const part = valueAt(bytes, at, whole.end);
    if (part === null || parts.length >= MAX_ATTRIBUTES) return null;
    parts.push(part);
    at = part.end;
  }
  return parts;
}

/** The subject of a certificate in DER; null for what is none, and for a subject without any attribute. */
export function subjectOf(certificate: Uint8Array): string | null {
  if (certificate.length > MAX_CERTIFICATE_BYTES) return null;
  const whole = partsOf(certificate, valueAt(certificate, 0, certificate.length), Tag.sequence);
  const body = partsOf(certificate, whole?.[0] ?? null, Tag.sequence);
  if (body === null) return null;
  // [version], serial number, algorithm, issuer, validity, subject
  const subject = body[body[0]?.tag === Tag.version ? 5 : 4];
  return subject === undefined ? null : nameAt(certificate, subject);
}

/** A name in DER, alone; null for what is none. */
export const distinguishedName = (der: Uint8Array): string | null => nameAt(der, valueAt(der, 0, der.length));

function nameAt(bytes: Uint8Array, value: Value | null): string | null {
  const sets = partsOf(bytes, value, Tag.sequence);
  if (sets === null || sets.length === 0) return null;
  const names: string[] = [];
  for (const set of sets) {
    const attributes = partsOf(bytes, set, Tag.set)?.map((attribute) => attributeAt(bytes, attribute));
    if (attributes === undefined || attributes.length === 0 || attributes.includes(null)) return null;
    names.push(attributes.join('+'));
  }
  return names.reverse().join(',');
}

function attributeAt(bytes: Uint8Array, value: Value): string | null {
  const [type, content, ...more] = partsOf(bytes, value, Tag.sequence) ?? [];
  if (type === undefined || content === undefined || more.length > 0) return null;
  const oid = type.tag === Tag.oid ? oidOf(bytes.subarray(type.from, type.end)) : null;
  if (oid === null) return null;
  const keyword = KEYWORDS[oid];
  if (keyword === undefined || !TEXTS.has(content.tag))
    return `${keyword ?? oid}=#${toHex(bytes.subarray(content.start, content.end))}`;
  const text = textOf(bytes.subarray(content.from, content.end));
  return text === null ? null : `${keyword}=${escaped(text)}`;
}

function oidOf(bytes: Uint8Array): string | null {
  const numbers: number[] = [];
  let number = 0;
  let isWithin = false;
  for (const byte of bytes) {
    if (!isWithin && byte === 0x80) return null;
    number = number * 128 + (byte & 0x7f);
    if (number > Number.MAX_SAFE_INTEGER / 256) return null;
    isWithin = byte >= 0x80;
    if (isWithin) continue;
    if (numbers.length === 0)
      numbers.push(Math.min(2, Math.floor(number / 40)), number - 40 * Math.min(2, Math.floor(number / 40)));
    else numbers.push(number);
    number = 0;
  }
  return isWithin || numbers.length === 0 ? null : numbers.join('.');
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** What would end a value or begin something else gets a backslash; so do the spaces and returns at both ends. */
function escaped(text: string): string {
  const inner = text.replace(/[,=+<>#;"\\]/g, '\\$&').replaceAll('\0', '\\00');
  const lead = /^[ \r]*/.exec(inner)?.[0].length ?? 0;
  const trail = /[ \r]*$/.exec(inner.slice(lead))?.[0].length ?? 0;
  const ends = (part: string): string => part.replace(/[ \r]/g, '\\$&');
  const last = inner.length - trail;
  return `${ends(inner.slice(0, lead))}${inner.slice(lead, last)}${ends(inner.slice(last))}`;
}
