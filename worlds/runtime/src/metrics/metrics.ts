/**
 * Counters, gauges and histograms of one host, and their Prometheus text form (exposition format 0.0.4). Handles are
 * fetched once and kept: counting is then an addition.
 */

import { assert } from '@concordat/kernel';
import { createHistogram, type Histogram } from './histogram.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  add(amount?: number): void;
  readonly value: number;
}

export interface Metrics {
  /** The counter of that name and labels, made at first sight. Names end in `_total`. */
  counter(name: string, help: string, labels?: Labels): Counter;
  /** A value that is read when asked for; a later one under the same name and labels replaces it. */
  gauge(name: string, help: string, read: () => number, labels?: Labels): void;
  /** Buckets double, from `smallest`. */
  histogram(name: string, help: string, smallest: number, labels?: Labels): Histogram;
  /** Families that somebody else measures, read when asked for; their names must not be taken. */
  measured(read: () => readonly Measured[]): void;
  /** Everything as Prometheus text. */
  render(): string;
}

export interface Measured {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'summary';
  readonly samples: readonly {
    /** `_sum` and `_count` of a summary. */
    readonly suffix?: string;
    readonly labels?: Labels;
    readonly value: number;
  }[];
}

type Series =
  | { readonly kind: 'counter'; readonly counter: Counter }
  | { readonly kind: 'gauge'; readonly read: () => number }
  | { readonly kind: 'histogram'; readonly histogram: Histogram };

interface Family {
  readonly help: string;
  readonly kind: Series['kind'];
  readonly series: Map<string, Series>;
}

export function createMetrics(): Metrics {
  const families = new Map<string, Family>();
  const readers: (() => readonly Measured[])[] = [];

  const place = (name: string, help: string, kind: Series['kind']): Family => {
    assert(/^[a-z_][a-z0-9_]*$/.test(name), 'a metric name is snake case');
    let family = families.get(name);
    if (family === undefined) {
      family = { help, kind, series: new Map() };
      families.set(name, family);
    }
    assert(family.kind === kind, 'a metric name has one kind');
    return family;
  };
  return {
    counter: (name, help, labels = {}) => {
      const { series } = place(name, help, 'counter');
      const key = labelText(labels);
      const found = series.get(key);
      if (found?.kind === 'counter') return found.counter;
      const counter = createCounter();
      series.set(key, { kind: 'counter', counter });
      return counter;
    },
    gauge: (name, help, read, labels = {}) => {
      place(name, help, 'gauge').series.set(labelText(labels), { kind: 'gauge', read });
    },
    histogram: (name, help, smallest, labels = {}) => {
      const { series } = place(name, help, 'histogram');
      const key = labelText(labels);
      const found = series.get(key);
      if (found?.kind === 'histogram') return found.histogram;
      const histogram = createHistogram(smallest);
      series.set(key, { kind: 'histogram', histogram });
      return histogram;
    },
    measured: (read) => {
      readers.push(read);
    },
    render: () =>
      [
        ...[...families].map(([name, family]) => renderFamily(name, family)),
        ...readers.flatMap((read) => read()).map(renderMeasured),
      ].join(''),
  };
}

function createCounter(): Counter {
  let value = 0;
  return {
    add: (amount = 1) => {
      value += amount;
    },
    get value() {
      return value;
    },
  };
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function labelText(labels: Labels): string {
  const escaped = (value: string): string =>
    value.replace(/[\\"\n]/g, (character) => ESCAPES[character] ?? '');
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}

function renderFamily(name: string, { help, kind, series }: Family): string {
  const lines = [`# HELP ${name} ${help.replace(/\n/g, ' ')}`, `# TYPE ${name} ${kind}`];
  const maxima: string[] = [];
  for (const [labels, item] of series) {
    const braced = labels === '' ? '' : `{${labels}}`;
    if (item.kind === 'counter') lines.push(`${name}${braced} ${item.counter.value}`);
    else if (item.kind === 'gauge') lines.push(`${name}${braced} ${item.read()}`);
    else {
      lines.push(...renderHistogram(name, labels, item.histogram));
      maxima.push(`${name}_max${braced} ${item.histogram.max}`);
    }
  }
  // Prometheus histograms have no maximum, but the longest sync ever is what one looks for after an incident.
  if (maxima.length > 0) lines.push(`# TYPE ${name}_max gauge`, ...maxima);
  return `${lines.join('\n')}\n`;
}

/** ZooKeeper's provider, too, explains a metric by its name. */
function renderMeasured({ name, kind, samples }: Measured): string {
  const lines = samples.map(({ suffix = '', labels, value }) => {
    const text = labels === undefined ? '' : `{${labelText(labels)}}`;
    return `${name}${suffix}${text} ${value}\n`;
  });
  return `# HELP ${name} ${name}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
}

function renderHistogram(name: string, labels: string, histogram: Histogram): readonly string[] {
  const before = labels === '' ? '' : `${labels},`;
  const braced = labels === '' ? '' : `{${labels}}`;
  return [
    ...histogram.buckets().map(({ upTo, count }) => `${name}_bucket{${before}le="${upTo}"} ${count}`),
    `${name}_bucket{${before}le="+Inf"} ${histogram.count}`,
    `${name}_sum${braced} ${histogram.sum}`,
    `${name}_count${braced} ${histogram.count}`,
  ];
}
