/**
 * How far long work is, on standard error, so that standard output is the data: a bar where somebody looks on, else a line now and
 * then. What takes less than a moment says nothing.
 */

const FIRST_MS = 400;
const REDRAW_MS = 100;
const LINE_MS = 5000;
const BAR_CELLS = 30;

export interface Meter {
  /** `done` of `total`, in any unit; `total` 0: nobody knows how much there is, and `done` is a share of nothing. */
  at(done: number, total: number): void;
  /** The work is over: the bar goes, `line` stays if given. */
  end(line?: string): void;
}

export interface MeterPlace {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

function barOf(label: string, done: number, total: number): string {
  if (total <= 0) return `${label} ...`;
  const share = Math.min(1, done / total);
  const filled = Math.round(share * BAR_CELLS);
  return `${label} [${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}] ${Math.floor(100 * share)} %`;
}

export function createMeter(label: string, to: MeterPlace = process.stderr, now = Date.now): Meter {
  const isWatched = to.isTTY === true;
  let toldAt = isWatched ? now() + FIRST_MS - REDRAW_MS : now();
  let width = 0;
  const clear = (): void => {
    if (width > 0) to.write(`\r${' '.repeat(width)}\r`);
    width = 0;
  };
  return {
    at: (done, total) => {
      if (now() - toldAt < (isWatched ? REDRAW_MS : LINE_MS)) return;
      toldAt = now();
      const bar = barOf(label, done, total);
      if (!isWatched) return void to.write(`${bar}\n`);
      to.write(`\r${bar.padEnd(width)}`);
      width = bar.length;
    },
    end: (line) => {
      clear();
      if (line !== undefined) to.write(`${line}\n`);
    },
  };
}
