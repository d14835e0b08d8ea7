/**
 * Lines cut into fields, and the numbers in them, without making a string: a file of ten million edges has thirty million fields. What is
 * out of the ordinary takes the slow way through text.
 */

/** How fields are told apart: by one byte, or by runs of spaces and tabs. */
export type Delimiter = ',' | ';' | '\t' | ' ';

export interface Fields {
  count: number;
  /** Where each begins and ends in the line's bytes; no more than the reader needs. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

const [SPACE, TAB, QUOTE] = [0x20, 0x09, 0x22];

export const createFields = (room: number): Fields => ({
  count: 0,
  starts: new Uint32Array(room),
  ends: new Uint32Array(room),
});

function splitAtBlanks(bytes: Uint8Array, from: number, to: number, fields: Fields): void {
  const room = fields.starts.length;
  let at = from;
  while (fields.count < room) {
    while (at < to && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1;
    if (at === to) return;
    fields.starts[fields.count] = at;
    while (at < to && bytes[at] !== SPACE && bytes[at] !== TAB) at += 1;
    fields.ends[fields.count] = at;
    fields.count += 1;
  }
}

/** The end of the quoted field that begins at `from`, after its quote; -1 if it has none. Two quotes stand for one. */
function closingQuote(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at += 1) {
    if (bytes[at] !== QUOTE) continue;
    if (at + 1 === to || bytes[at + 1] !== QUOTE) return at;
    at += 1;
  }
  return -1;
}

/** Cuts a line into as many fields as there is room for; false: a quote is not closed. Blanks around a field are not part of it. */
export function splitLine(
  bytes: Uint8Array,
  from: number,
  to: number,
  delimiter: Delimiter,
  fields: Fields,
): boolean {
  fields.count = 0;
  if (delimiter === ' ') {
    splitAtBlanks(bytes, from, to, fields);
    return true;
  }
  const mark = delimiter.charCodeAt(0);
  const room = fields.starts.length;
  for (let at = from; fields.count < room; ) {
    while (at < to && bytes[at] === SPACE) at += 1;
    let start = at;
    let end = at;
    if (at < to && bytes[at] === QUOTE) {
      start = at + 1;
      end = closingQuote(bytes, start, to);
      if (end < 0) return false;
      at = end + 1;
      while (at < to && bytes[at] !== mark) at += 1;
    } else {
      while (at < to && bytes[at] !== mark) at += 1;
      end = at;
      while (end > start && bytes[end - 1] === SPACE) end -= 1;
    }
    fields.starts[fields.count] = start;
    fields.ends[fields.count] = end;
    fields.count += 1;
    if (at === to) return true;
    at += 1;
  }
  return true;
}

/** In place of a number. */
export const [NOT_A_NUMBER, NEGATIVE, HUGE] = [-1, -2, -3];

/** A whole number from 0 to 2^53 - 1 in decimal digits, or one of the three above. */
export function wholeNumberAt(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  if (to - from > 15) return longNumberAt(bytes, from, to);
  if (from === to) return NOT_A_NUMBER;
  for (let at = from; at < to; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return longNumberAt(bytes, from, to);
    value = 10 * value + digit;
  }
  return value;
}

function longNumberAt(bytes: Uint8Array, from: number, to: number): number {
  const text = textAt(bytes, from, to, to - from);
  if (/^-\d+$/.test(text)) return NEGATIVE;
  if (!/^\d+$/.test(text)) return NOT_A_NUMBER;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : HUGE;
}

/** A decimal number, or NaN for anything else, words for infinity among it. */
export function decimalAt(bytes: Uint8Array, from: number, to: number): number {
  if (to - from <= 15) {
    const value = from < to ? shortWholeAt(bytes, from, to) : -1;
    if (value >= 0) return value;
  }
  if (to - from > 100) return Number.NaN;
  const text = textAt(bytes, from, to, 100);
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function shortWholeAt(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = 10 * value + digit;
  }
  return value;
}

/** The bytes as text, at most `limit` of them; what is no UTF-8 reads as the replacement character. */
export function textAt(bytes: Uint8Array, from: number, to: number, limit = 60): string {
  return new TextDecoder().decode(bytes.subarray(from, Math.min(to, from + limit)));
}
