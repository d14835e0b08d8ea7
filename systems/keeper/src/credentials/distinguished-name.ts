/**
 * Which ids of the scheme x509 a list may hold: distinguished names as strings. All members must agree on it forever, so
 * this is a grammar of our own: RFC 2253's, with the names of types and the liberties with spaces that Java's
 * `X500Principal` allows. Only names in the exact form of `subjectOf` will ever match anybody.
 */

const KEYWORDS: ReadonlySet<string> = new Set([
  ...[
    'CN',
    'C',
    'L',
    'S',
    'ST',
    'O',
    'OU',
    'T',
    'IP',
    'STREET',
    'DC',
    'DNQUALIFIER',
    'DNQ',
    'SURNAME',
    'GIVENNAME',
  ],
  ...['INITIALS', 'GENERATION', 'EMAIL', 'EMAILADDRESS', 'UID', 'SERIALNUMBER'],
]);

const OID = /^(?:OID\.)?[0-2](?:\.(?:0|[1-9]\d*))+$/i;
/** Either the hexadecimal digits of a DER value, or text whose special characters are escaped or which is in quotes. */
const HEXADECIMAL = /^#(?:[0-9a-f]{2})+ *$/i;
const TEXT = /^(?!#)(?:[^\\,;+<>"]|\\[\\,;+<>#"= ]|\\[0-9a-f]{2})*$/i;
const QUOTED = /^"(?:[^\\"]|\\[\\,;+<>#"= ]|\\[0-9a-f]{2})*" *$/i;

/** Parts between separators that are neither escaped nor within quotes; null if a quote or an escape does not end. */
function split(text: string, separators: string): readonly string[] | null {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text.charAt(at);
    if (letter === '\\') at++;
    else if (letter === '"') isQuoted = !isQuoted;
    else if (!isQuoted && separators.includes(letter)) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
    if (at >= text.length) return null;
  }
  parts.push(text.slice(start));
  return isQuoted ? null : parts;
}

/** The empty name is one, of nobody. */
export function isDistinguishedName(text: string): boolean {
  if (text === '') return true;
  return split(text, ',;')?.every((name) => split(name, '+')?.every(isAttribute) === true) === true;
}

function isAttribute(text: string): boolean {
  const at = text.indexOf('=');
  if (at < 0) return false;
  const type = text.slice(0, at).trim();
  if (!KEYWORDS.has(type.toUpperCase()) && !OID.test(type)) return false;
  const value = text.slice(at + 1).replace(/^[ \n]+/, '');
  return HEXADECIMAL.test(value) || TEXT.test(value) || QUOTED.test(value);
}
