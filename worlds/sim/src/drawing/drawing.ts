/**
 * A run as one picture: a lane for each node, messages as lines from where they were sent to where they arrived, notes
 * and crashes on the lanes. The page holds all it needs and can be passed on as one file (`page.ts` draws it).
 * Bounded: of a long run only what happened last is kept.
 */

import type { Millis, NodeId, Note } from '@concordat/kernel';
import type { Observer } from '../host.ts';
import { describeValue } from '../sweep/transcript.ts';
import { pageOf } from './page.ts';

export interface DrawingOptions {
  /** A short name for the lane of a node. Default: its number. */
  readonly nameOf?: (id: NodeId) => string;
  /** What happened before is left out. Default 0. */
  readonly fromMs?: Millis;
  readonly toMs?: Millis;
  /** Messages and notes that are kept, the latest. Default 50,000. */
  readonly limit?: number;
}

export interface Drawing {
  readonly observer: Observer;
  /** The page, with a heading and lines of text above the picture. */
  page(title: string, lines: readonly string[]): string;
}

/** What the page draws. Texts are numbers into `texts`; times are ms. */
export interface DrawingData {
  readonly lanes: readonly string[];
  readonly texts: readonly string[];
  /** Sent at, from lane, arrived at (-1 for never), to lane, kind, text. */
  readonly messages: readonly (readonly number[])[];
  /** At, lane, kind, text. */
  readonly notes: readonly (readonly number[])[];
  /** Lane, from, to. */
  readonly outages: readonly (readonly number[])[];
  readonly endMs: number;
}

/** Longest text of one message or note. */
const MAX_TEXT = 400;
const LIMIT = 50_000;

interface Sent {
  readonly at: Millis;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly kind: number;
  readonly text: number;
  arrivedAt: Millis;
}

interface Noted {
  readonly at: Millis;
  readonly node: NodeId;
  readonly kind: number;
  readonly text: number;
}

/** Numbers for texts, the same for the same. */
function createTexts(): { readonly list: readonly string[]; numberOf(text: string): number } {
  const list: string[] = [];
  const numbers = new Map<string, number>();
  return {
    list,
    numberOf: (text) => {
      let number = numbers.get(text);
      if (number === undefined) {
        number = list.push(text) - 1;
        numbers.set(text, number);
      }
      return number;
    },
  };
}

const kindOf = (value: unknown): string => {
  const { type, kind } = Object(value);
  return String(type ?? kind ?? 'message');
};

const shortened = (value: unknown): string => {
  const text = describeValue(value);
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
};

/** Keeps the latest `limit` items of a list that is asked for rarely. */
function trim<T>(items: T[], limit: number): void {
  if (items.length > 2 * limit) items.splice(0, items.length - limit);
}

export function createDrawing(options: DrawingOptions = {}): Drawing {
  const { fromMs = 0, toMs = Number.POSITIVE_INFINITY, limit = LIMIT } = options;
  const texts = createTexts();
  const sent: Sent[] = [];
  const noted: Noted[] = [];
  const underWay = new Map<string, Sent[]>();
  const nodes = new Set<NodeId>();
  const outages: { readonly node: NodeId; readonly from: Millis; to: Millis }[] = [];
  let endMs = 0;

  const isShown = (at: Millis): boolean => {
    endMs = Math.max(endMs, at);
    return at >= fromMs && at <= toMs;
  };
  const send = (at: Millis, from: NodeId, to: NodeId, message: unknown, passes: boolean): void => {
    const kind = texts.numberOf(kindOf(message));
    const one: Sent = { at, from, to, kind, text: texts.numberOf(shortened(message)), arrivedAt: -1 };
    sent.push(one);
    trim(sent, limit);
    if (!passes) return;
    const line = `${from} ${to}`;
    const waiting = underWay.get(line) ?? [];
    waiting.push(one);
    trim(waiting, limit);
    underWay.set(line, waiting);
  };
  const arrive = (at: Millis, from: NodeId, to: NodeId, message: unknown): void => {
    const waiting = underWay.get(`${from} ${to}`) ?? [];
    const text = texts.numberOf(shortened(message));
    const index = waiting.findIndex((one) => one.text === text);
    if (index < 0) return;
    const [one] = waiting.splice(index, 1);
    if (one !== undefined) one.arrivedAt = at;
  };
  const note = (at: Millis, node: NodeId, what: Note): void => {
    noted.push({ at, node, kind: texts.numberOf(what.kind), text: texts.numberOf(shortened(what)) });
    trim(noted, limit);
  };
  const observer: Observer = {
    sent: (at, from, to, messages, passes) => {
      nodes.add(from).add(to);
      if (isShown(at)) for (const message of messages) send(at, from, to, message, passes);
    },
    delivered: (at, from, to, message) => {
      if (isShown(at)) arrive(at, from, to, message);
    },
    noted: (at, node, what) => {
      nodes.add(node);
      if (isShown(at)) note(at, node, what);
    },
    crashed: (at, node) => {
      endMs = Math.max(endMs, at);
      outages.push({ node, from: at, to: -1 });
    },
    linked: (_at, node, peer, isUp) => {
      if (isUp) return;
      // What was under way is lost.
      underWay.delete(`${node} ${peer}`);
      underWay.delete(`${peer} ${node}`);
    },
    started: (at, node) => {
      const outage = outages.findLast((one) => one.node === node && one.to < 0);
      if (outage !== undefined) outage.to = at;
    },
  };
  const dataOf = (): DrawingData => {
    const ids = [...nodes].sort((a, b) => a - b);
    const lane = new Map(ids.map((id, index) => [id, index]));
    const at = (id: NodeId): number => lane.get(id) ?? 0;
    return {
      lanes: ids.map(options.nameOf ?? String),
      texts: texts.list,
      messages: sent
        .slice(-limit)
        .map((one) => [one.at, at(one.from), one.arrivedAt, at(one.to), one.kind, one.text]),
      notes: noted.slice(-limit).map((one) => [one.at, at(one.node), one.kind, one.text]),
      outages: outages.map((one) => [at(one.node), one.from, one.to < 0 ? endMs : one.to]),
      endMs,
    };
  };
  return { observer, page: (title, lines) => pageOf(title, lines, dataOf()) };
}
