/** Tells how long work is getting on: a line now and then, however often it is called. */

const EVERY_MS = 5000;

/** A function that writes what `line` gives if it is time to. */
export function createProgress(line: () => string): () => void {
  let toldAt = Date.now();
  return () => {
    if (Date.now() - toldAt < EVERY_MS) return;
    toldAt = Date.now();
    process.stdout.write(`${line()}\n`);
  };
}
