/**
 * The shape of a JSON value as a list of paths with types: `server_stats.uptime` integer, `connections[].session_id`
 * integer. Names that are data - sessions, paths, numbers of servers - become `*`.
 */

export type Shape = Readonly<Record<string, string>>;

const isData = (name: string): boolean => /^(-?\d+|\/.*)$/.test(name);

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'bigint') return 'integer';
  return typeof value;
}

/** Whether a number is whole decides nothing here: JSON of `0.0` and `0` are one number once they are read. */
export function shapeOf(value: unknown): Shape {
  const types = new Map<string, Set<string>>();
  const visit = (at: string, item: unknown): void => {
    if (Array.isArray(item)) for (const one of item) visit(`${at}[]`, one);
    else if (typeof item === 'object' && item !== null) {
      for (const [name, one] of Object.entries(item)) {
        const step = isData(name) ? '*' : name;
        visit(at === '' ? step : `${at}.${step}`, one);
      }
    }
    if (at === '') return;
    const known = types.get(at) ?? new Set();
    types.set(at, known.add(Array.isArray(item) ? 'array' : typeOf(item).replace('integer', 'number')));
  };
  visit('', value);
  const sorted = [...types].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([at, names]) => [at, [...names].sort().join('|')]));
}

const PARTS = ['avg', 'min', 'max', 'cnt', 'sum', 'p50', 'p95', 'p99', 'p999'];

/** The names of `monitor` and `mntr`, where the five to nine figures of a summary are one name, `readlatency{9}`. */
export function foldSummaries(names: readonly string[]): string[] {
  const all = new Set(names);
  const folded = new Set<string>();
  for (const name of names) {
    const base = name.replace(new RegExp(`^(${PARTS.join('|')})_`), '');
    const parts = PARTS.filter((part) => all.has(`${part}_${base}`));
    folded.add(base !== name && all.has(`cnt_${base}`) ? `${base}{${parts.length}}` : name);
  }
  return [...folded].sort();
}
