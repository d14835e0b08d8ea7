/**
 * The clock of rounds: one payload for each, in order, on a grid that does not drift. A process that slept makes up for what it
 * missed, so that numbers stay those of the clock.
 */

export interface Round {
  readonly number: number;
  readonly payload: Uint8Array;
}

const MAX_LATE_ROUNDS = 60;

export interface RoundsOptions {
  readonly roundMs: number;
  readonly firstRound: number;
  readonly take: () => Uint8Array;
  readonly isOver: () => boolean;
  readonly onRound: (round: Round) => void;
}

export function startRounds(options: RoundsOptions): { stop(): void } {
  const { roundMs, firstRound } = options;
  const began = performance.now();
  let done = 0;
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;

  const dueIn = (): number => began + (done + 1) * roundMs - performance.now();
  const tick = (): void => {
    timer = null;
    // After a very long sleep the numbers jump: peers have given up on those rounds anyhow.
    done = Math.max(done, done - MAX_LATE_ROUNDS - Math.floor(dueIn() / roundMs));
    while (dueIn() <= 0 && !isStopped) {
      const number = firstRound + done++;
      options.onRound({ number, payload: options.take() });
      if (options.isOver()) return;
    }
    if (!isStopped) timer = setTimeout(tick, Math.max(1, dueIn()));
  };
  timer = setTimeout(tick, Math.max(1, dueIn()));
  return {
    stop: () => {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
