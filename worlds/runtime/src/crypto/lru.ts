/** A bounded cache that forgets what was used longest ago. A Map keeps insertion order, which is all it takes. */

export interface Lru<V> {
  /** The value under `key`, made and remembered if it is not there. */
  get(key: string, make: () => V): V;
}

export function createLru<V>(capacity: number): Lru<V> {
  const entries = new Map<string, { readonly value: V }>();
  return {
    get: (key, make) => {
      const found = entries.get(key) ?? { value: make() };
      entries.delete(key);
      entries.set(key, found);
      if (entries.size > capacity) {
        const oldest = entries.keys().next();
        if (!oldest.done) entries.delete(oldest.value);
      }
      return found.value;
    },
  };
}
