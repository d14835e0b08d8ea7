/**
 * JSON as ZooKeeper's AdminServer lays it out. Session ids and zxids are numbers of 64 bits there, so that they are big
 * integers here: what cannot read them exactly loses their last digits, as it does with ZooKeeper's.
 */

export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

/** The text of a value, indented by two spaces a level. */
export function renderJson(value: Json, indent = ''): string {
  if (typeof value === 'bigint') return `${value}`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) {
    const items = value.map((item) => renderJson(item, indent));
    return items.length === 0 ? '[ ]' : `[ ${items.join(', ')} ]`;
  }
  const inner = `${indent}  `;
  const fields = Object.entries(value).map(
    ([name, item]) => `\n${inner}${JSON.stringify(name)} : ${renderJson(item, inner)}`,
  );
  return fields.length === 0 ? '{ }' : `{${fields.join(',')}\n${indent}}`;
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
