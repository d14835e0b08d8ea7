/**
 * While a service executes under the checker, everything whose result differs between machines throws and is noted -
 * noted as well, because a service may catch what is thrown. Outside of `guarded` all is as it was.
 */

/** What was reached for, and what to use instead. */
export interface Forbidden {
  readonly name: string;
  readonly instead: string;
}

type Method = readonly [owner: object, key: string, ...forbidden: [name: string, instead: string]];

const CLOCK = 'the ordered time, context.time';
const DICE = 'the ordered dice, context.random';
const ORDER = 'comparisons of code units or bytes: locales differ between machines';

const METHODS: readonly Method[] = [
  [Date, 'now', 'Date.now', CLOCK],
  [performance, 'now', 'performance.now', CLOCK],
  [process, 'hrtime', 'process.hrtime', CLOCK],
  [Math, 'random', 'Math.random', DICE],
  [crypto, 'randomUUID', 'crypto.randomUUID', DICE],
  [crypto, 'getRandomValues', 'crypto.getRandomValues', DICE],
  [globalThis, 'setTimeout', 'setTimeout', 'advance, which opens every batch'],
  [globalThis, 'setImmediate', 'setImmediate', 'advance, which opens every batch'],
  [globalThis, 'fetch', 'fetch', 'arguments: whoever calls fetches, and the call carries the result'],
  [String.prototype, 'localeCompare', 'localeCompare', ORDER],
  [Number.prototype, 'toLocaleString', 'toLocaleString', ORDER],
];

/** Thrown by what is forbidden; an operation that lets it through has thrown. */
export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError';
}

/** Runs `body` with everything forbidden; `onUse` is told of each use. Not re-entered. */
export function guarded<T>(body: () => T, onUse: (forbidden: Forbidden) => void): T {
  const restores = METHODS.map(([owner, key, name, instead]) =>
    replace(owner, key, forbid({ name, instead }, onUse)),
  );
  restores.push(replace(globalThis, 'Date', dateWithoutClock(onUse)));
  try {
    return body();
  } finally {
    for (const restore of restores.reverse()) restore();
  }
}

function forbid(forbidden: Forbidden, onUse: (forbidden: Forbidden) => void): () => never {
  return () => {
    onUse(forbidden);
    throw new ForbiddenError(`${forbidden.name} differs between replicas: use ${forbidden.instead}`);
  };
}

/** Dates of a given time are values; only the present one is forbidden. */
function dateWithoutClock(onUse: (forbidden: Forbidden) => void): DateConstructor {
  const deny = forbid({ name: 'new Date()', instead: CLOCK }, onUse);
  return new Proxy(Date, {
    construct: (target, args, newTarget) =>
      args.length === 0 ? deny() : Reflect.construct(target, args, newTarget),
    apply: deny,
  });
}

/** Replaces a property and returns what puts it back as it was, inherited or own. */
function replace(owner: object, key: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, key);
  Object.defineProperty(owner, key, { value, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, key);
    else Object.defineProperty(owner, key, before);
  };
}
