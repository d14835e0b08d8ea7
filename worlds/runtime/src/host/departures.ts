/**
 * What leaves at the end of turns, in turn order. A turn's sends are held until its appends, and those of all earlier
 * turns, are durable (DESIGN section 9, rule 6); then everything that may leave goes out with one write per peer.
 */

import type { Position } from '@concordat/kernel';

/** One way out: the link to a member, or a connection. */
export interface Route {
  /** Queues encoded bytes for the next flush. */
  queue(bytes: Uint8Array): void;
  /** Writes what was queued, at once. */
  flush(): void;
  /** Closes once what was queued has left; members' links ignore it. */
  end(): void;
  /** Owned by the departures: has something queued. */
  isTouched: boolean;
}

/** Null bytes ask for the route's end. */
interface Departure {
  readonly route: Route;
  readonly bytes: Uint8Array | null;
}

interface HeldTurn {
  readonly needs: Position;
  readonly items: readonly Departure[];
  readonly released: Position;
}

/** Somebody who asked to be told when this is durable. */
interface Waiting {
  readonly needs: Position;
  resolve(isDurable: boolean): void;
}

export interface Departures {
  add(route: Route, bytes: Uint8Array | null): void;
  addEarly(route: Route, bytes: Uint8Array): void;
  /** Lets early sends leave, whatever the disk says. */
  leaveEarly(): void;
  /** Closes the turn: its sends, and its release of the journal (0 for none), wait for `needs` to be durable. */
  seal(needs: Position, released: Position): void;
  /** Lets early sends leave, and all sealed turns whose need is met; returns the highest released position among them, or 0. */
  leave(durable: Position): Position;
  /** Turns that wait. */
  readonly held: number;
  /** Resolves once what `needs` says is durable, which now is what `durable` says; with false if all was thrown away. */
  durable(needs: Position, durable: Position): Promise<boolean>;
  /** Throws away everything not yet left, and whatever is to come. */
  discard(): void;
}

export function createDepartures(): Departures {
  let open: Departure[] = [];
  let early: Departure[] = [];
  let held: HeldTurn[] = [];
  const touched: Route[] = [];
  let waiting: Waiting[] = [];
  let isOver = false;

  const dispatch = ({ route, bytes }: Departure): void => {
    if (bytes === null) route.end();
    else route.queue(bytes);
    if (route.isTouched) return;
    route.isTouched = true;
    touched.push(route);
  };
  const dispatchEarly = (): void => {
    const leaving = early;
    if (leaving.length === 0) return;
    early = [];
    for (const departure of leaving) dispatch(departure);
  };
  const flush = (): void => {
    for (const route of touched) {
      route.isTouched = false;
      route.flush();
    }
    touched.length = 0;
  };
  return {
    add: (route, bytes) => {
      open.push({ route, bytes });
    },
    addEarly: (route, bytes) => {
      early.push({ route, bytes });
    },
    leaveEarly: () => {
      dispatchEarly();
      flush();
    },
    seal: (needs, released) => {
      if (open.length === 0 && released === 0) return;
      held.push({ needs, items: open, released });
      open = [];
    },
    leave: (durable) => {
      dispatchEarly();
      let released = 0;
      let count = 0;
      for (const turn of held) {
        if (turn.needs > durable) break;
        count++;
        released = Math.max(released, turn.released);
        for (const departure of turn.items) dispatch(departure);
      }
      if (count > 0) held = count === held.length ? [] : held.slice(count);
      flush();
      for (const { needs, resolve } of waiting) if (needs <= durable) resolve(true);
      if (waiting.length > 0) waiting = waiting.filter(({ needs }) => needs > durable);
      return released;
    },
    get held() {
      return held.length;
    },
    durable: (needs, durable) => {
      if (isOver || needs <= durable) return Promise.resolve(!isOver);
      return new Promise((resolve) => waiting.push({ needs, resolve }));
    },
    discard: () => {
      isOver = true;
      for (const { resolve } of waiting.splice(0)) resolve(false);
      open = [];
      early = [];
      held = [];
    },
  };
}
