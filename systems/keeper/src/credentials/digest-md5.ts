/**
 * The server's side of SASL DIGEST-MD5 (RFC 2831) with quality of protection `auth`: a challenge, what a client answers
 * to it, and what proves to the client that the server knows its password, too. The realm and the service are those that
 * ZooKeeper's servers and clients have agreed on. MD5 is what the mechanism is made of; use it over TLS.
 */

import { toHex, utf8 } from '@concordat/wire';

export type Md5 = (bytes: Uint8Array) => Uint8Array;

/** What both sides mix into their hashes. */
export interface SaslPlace {
  readonly realm: string;
  /** `service/host`. */
  readonly uri: string;
}

export const ZOOKEEPER_PLACE: SaslPlace = { realm: 'zk-sasl-md5', uri: 'zookeeper/zk-sasl-md5' };

/** RFC 2831, 2.1.2: a response is shorter. */
export const MAX_TOKEN_BYTES = 4095;
/** A nonce serves one exchange of one connection, so it is used once. */
const FIRST_USE = '00000001';
const QUALITY = 'auth';
const DIGEST_LETTERS = 32;

export interface DigestResponse {
  readonly user: string;
  /** Whom the client wants to speak for; null if it says nothing. */
  readonly speaksFor: string | null;
  /** As they were sent, a letter for a byte. */
  readonly nonce: string;
  readonly cnonce: string;
  readonly authzid: string | null;
  readonly digest: string;
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const fromLatin1 = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

/** RFC 2831, 2.1.2.1: what ISO 8859-1 can express is hashed in it, everything else in UTF-8. */
const hashed = (text: string): Uint8Array => (/^[\0-\u00ff]*$/.test(text) ? latin1(text) : utf8(text));

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all: number[] = [];
  for (const [i, part] of parts.entries()) all.push(...(i === 0 ? [] : [0x3a]), ...part);
  return Uint8Array.from(all);
}

/** All that a server needs to know of a password: whoever has it can log in, too. */
export const loginSecret = (
  md5: Md5,
  user: string,
  password: string,
  realm = ZOOKEEPER_PLACE.realm,
): Uint8Array => md5(joined([hashed(user), hashed(realm), hashed(password)]));

/** The server's first token; a nonce is letters and digits. */
export const challengeOf = (nonce: string, { realm } = ZOOKEEPER_PLACE): Uint8Array =>
  latin1(`realm="${realm}",nonce="${nonce}",qop="${QUALITY}",charset=utf-8,algorithm=md5-sess`);

/** Each space can be matched in one way only: a token made of spaces must not cost its square. */
const DIRECTIVE = /[\s,]*([a-z-]+)\s*=(?:\s*"((?:[^"\\]|\\.)*)"|\s*([^\s,"\\]+)|)\s*(?=,|$)/isy;

/** Directives by name; null for what is no list of them, or names one twice. */
function directivesOf(text: string): ReadonlyMap<string, string> | null {
  const found = new Map<string, string>();
  DIRECTIVE.lastIndex = 0;
  while (DIRECTIVE.lastIndex < text.length) {
    const match = DIRECTIVE.exec(text);
    if (match === null) return null;
    const name = (match[1] ?? '').toLowerCase();
    if (found.has(name)) return null;
    found.set(name, match[2]?.replace(/\\(.)/gs, '$1') ?? match[3] ?? '');
  }
  return found;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(value: string, charset: string | undefined): string | null {
  if (charset === undefined) return value;
  try {
    return charset.toLowerCase() === 'utf-8' ? decoder.decode(latin1(value)) : null;
  } catch {
    return null;
  }
}

/** What a client answers to a challenge; null for anything that is not meant for this place and this mechanism. */
export function readDigestResponse(token: Uint8Array, place = ZOOKEEPER_PLACE): DigestResponse | null {
  if (token.length > MAX_TOKEN_BYTES) return null;
  const directives = directivesOf(fromLatin1(token));
  if (directives === null) return null;
  const valueAt = (name: string): string => directives.get(name) ?? '';
  const charset = directives.get('charset');
  const authzid = directives.get('authzid') ?? null;
  const user = decoded(valueAt('username'), charset);
  const speaksFor = authzid === null ? null : decoded(authzid, charset);
  const cnonce = valueAt('cnonce');
  const digest = valueAt('response');
  const isMeant =
    valueAt('realm') === place.realm &&
    valueAt('digest-uri') === place.uri &&
    valueAt('nc') === FIRST_USE &&
    (directives.get('qop') ?? QUALITY) === QUALITY;
  if (authzid !== null && speaksFor === null) return null;
  if (!isMeant || user === null || user === '' || cnonce === '' || digest.length !== DIGEST_LETTERS)
    return null;
  return { user, nonce: valueAt('nonce'), cnonce, speaksFor, authzid, digest };
}

/** The digests that the client must send, and that the server sends when it did. */
export function digestsOf(
  md5: Md5,
  secret: Uint8Array,
  { nonce, cnonce, authzid }: Pick<DigestResponse, 'nonce' | 'cnonce' | 'authzid'>,
  { uri } = ZOOKEEPER_PLACE,
): { readonly client: string; readonly server: string } {
  const salts = [nonce, cnonce, ...(authzid === null ? [] : [authzid])].map(latin1);
  const key = toHex(md5(joined([secret, ...salts])));
  const digest = (method: string): string => {
    const request = toHex(md5(latin1(`${method}:${uri}`)));
    return toHex(md5(latin1([key, nonce, FIRST_USE, cnonce, QUALITY, request].join(':'))));
  };
  return { client: digest('AUTHENTICATE'), server: digest('') };
}

/** Compares in a time that does not depend on where they differ. */
export function isSameDigest(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i);
  return difference === 0;
}

/** The server's last token. */
export const proofOf = (digest: string): Uint8Array => latin1(`rspauth=${digest}`);
