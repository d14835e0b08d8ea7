/** Tables as CSV (RFC 4180): a header, commas, quotes where a value needs them. Lines end in \n, which all readers take. */

/** One line without its end: values of one row; null where a quote is not closed or something follows a closed one. */
export function readRow(line: string): string[] | null {
  const values: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      const value = quotedAt(line, at);
      if (value === null) return null;
      values.push(value.text);
      at = value.end;
      if (at < line.length && line[at] !== ',') return null;
    } else {
      const comma = line.indexOf(',', at);
      const end = comma < 0 ? line.length : comma;
      values.push(line.slice(at, end).trim());
      at = end;
    }
    if (at >= line.length) return values;
    at += 1;
  }
}

function quotedAt(line: string, start: number): { readonly text: string; readonly end: number } | null {
  let text = '';
  for (let at = start + 1; ; ) {
    const quote = line.indexOf('"', at);
    if (quote < 0) return null;
    text += line.slice(at, quote);
    if (line[quote + 1] !== '"') return { text, end: quote + 1 };
    text += '"';
    at = quote + 2;
  }
}

export type Value = string | number | boolean | null;

function cellOf(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const text = String(value);
  return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export const rowOf = (values: readonly Value[]): string => `${values.map(cellOf).join(',')}\n`;

/** The whole table, in parts of some thousand rows: one string of a million rows would be too long to hold. */
export function* csvOf(header: readonly string[], rows: Iterable<readonly Value[]>): Iterable<string> {
  let part = rowOf(header);
  let count = 0;
  for (const row of rows) {
    part += rowOf(row);
    count += 1;
    if (count % 5000 > 0) continue;
    yield part;
    part = '';
  }
  yield part;
}
