/**
 * Figures as SVG, drawn by ECharts without a browser. Two kinds: bars that stand side by side, and curves. The same
 * data gives the same bytes, so that a figure changes only when what it shows does.
 */

import { type EChartsOption, init, type SeriesOption } from 'echarts';

export interface Axis {
  readonly name: string;
  readonly isLog?: boolean;
  readonly max?: number;
}

/** A line across the figure: a bound, or a published value. */
export interface Level {
  readonly name: string;
  readonly value: number;
}

interface Common {
  readonly title: string;
  readonly levels?: readonly Level[];
}

export interface Bars extends Common {
  readonly categories: readonly string[];
  /** A value for each category; null where there is none. */
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  readonly axis: Axis;
  /** Bars lie, so that long names of categories have room. */
  readonly isLying?: boolean;
}

export interface Curves extends Common {
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
    /** Not ours. */
    readonly isDashed?: boolean;
    /** Single events: no line joins them. */
    readonly isLoose?: boolean;
  }[];
  readonly x: Axis;
  readonly y: Axis;
}

const WIDTH = 860;
const FONT = 'system-ui, sans-serif';
const PALETTE = [
  '#2f6fb2',
  '#d9822b',
  '#3c9d6b',
  '#a44ca0',
  '#8c6d46',
  '#c94f5d',
  '#4aa9bd',
  '#7d848d',
  '#b5a01c',
  '#e384aa',
];
const INK = '#24292f';
const PALE = '#d8dee4';

/** Bars with which their labels stand upright, or they would cover each other. */
const CROWDED = 16;
/** Points of a curve from which on they are not marked one by one: the line would not be seen for them. */
const DENSE = 100;
const UPRIGHT = { rotate: 90, align: 'left' as const, verticalAlign: 'middle' as const };

export function drawBars(bars: Bars): string {
  const { categories, series, axis, isLying = false, levels = [] } = bars;
  const names = {
    type: 'category' as const,
    data: [...categories],
    inverse: isLying,
    axisTick: { show: false },
    ...(allNamed(categories) && { axisLabel: { interval: 0 } }),
  };
  const lines = categories.length * series.length;
  const option: EChartsOption = {
    ...frame(bars, isLying ? 'x' : 'y'),
    ...(isLying ? { xAxis: valueAxis(axis), yAxis: names } : { xAxis: names, yAxis: valueAxis(axis) }),
    series: series.map(({ name, values }, index) => ({
      type: 'bar' as const,
      name,
      data: values.map((value) => value ?? '-'),
      label: {
        show: true,
        position: isLying ? ('right' as const) : ('top' as const),
        fontSize: 11,
        ...(!isLying && lines > CROWDED && UPRIGHT),
        formatter: (bar: { readonly value: unknown }) => labelOf(bar.value),
      },
      ...(index === 0 && marksOf(levels, isLying ? 'xAxis' : 'yAxis')),
    })),
  };
  const height = isLying ? 130 + 19 * lines + 10 * categories.length : 420;
  return render(option, height + legendOverflow(series.map(({ name }) => name)));
}

/** Whether all names have room side by side, at some 6.5 pixels a letter; else only some are written. */
function allNamed(categories: readonly string[]): boolean {
  const longest = Math.max(...categories.flatMap((name) => name.split('\n')).map((line) => line.length));
  return 6.5 * longest * categories.length <= WIDTH - 60;
}

export function drawCurves(curves: Curves): string {
  const { series, x, y, levels = [] } = curves;
  const option: EChartsOption = {
    ...frame(curves, 'y'),
    xAxis: { ...valueAxis(x), nameLocation: 'middle', nameGap: 30 },
    yAxis: valueAxis(y),
    series: series.map(
      ({ name, points, isDashed = false, isLoose = false }, index): SeriesOption => ({
        type: 'line',
        name,
        data: points.map(([px, py]) => [px, py]),
        symbolSize: isDashed || (points.length > DENSE && !isLoose) ? 0 : 7,
        lineStyle: {
          type: isDashed ? 'dashed' : 'solid',
          width: isLoose ? 0 : points.length > DENSE && !isDashed ? 1.2 : 2,
        },
        ...(index === 0 && marksOf(levels, 'yAxis')),
      }),
    ),
  };
  return render(option, 440 + legendOverflow(series.map(({ name }) => name)));
}

/** Four digits at most: labels stand close. */
function labelOf(value: unknown): string {
  if (typeof value !== 'number') return '';
  return value >= 1000 ? `${(value / 1000).toPrecision(3)}k` : String(Number(value.toPrecision(3)));
}

const LEGEND_ROW = 34;
/** Rows of the legend for which there is always room. */
const USUAL_ROWS = 1;

/** Rows of the legend beyond the usual, in pixels: letters are some 7 pixels wide, a mark and the gap after it 43. */
function legendOverflow(names: readonly string[]): number {
  let [rows, used] = [1, 0];
  for (const name of names) {
    const width = 43 + 7 * name.length;
    if (used > 0 && used + width > WIDTH - 20) [rows, used] = [rows + 1, 0];
    used += width;
  }
  return LEGEND_ROW * Math.max(0, rows - USUAL_ROWS);
}

/** What all figures have in common; the legend lies between title and picture. */
const frame = (
  { title, series }: Common & { readonly series: readonly { readonly name: string }[] },
  valuesOn: 'x' | 'y',
): EChartsOption => ({
  animation: false,
  backgroundColor: '#fff',
  color: PALETTE,
  textStyle: { fontFamily: FONT, color: INK },
  title: { text: title, left: 12, top: 8, textStyle: { fontSize: 16, color: INK } },
  legend: { left: 10, top: 36, itemWidth: 16, itemHeight: 10, itemGap: 22 },
  grid: {
    left: valuesOn === 'x' ? 50 : 20,
    right: 60,
    top: 96 + legendOverflow(series.map(({ name }) => name)),
    bottom: valuesOn === 'x' ? 46 : 44,
    containLabel: true,
  },
});

const valueAxis = ({ name, isLog = false, max }: Axis) => ({
  type: isLog ? ('log' as const) : ('value' as const),
  // Room for labels above the highest bar.
  ...(!isLog && { boundaryGap: [0, '10%'] as [number, string] }),
  name,
  nameTextStyle: { color: INK, align: 'left' as const },
  splitLine: { lineStyle: { color: PALE } },
  ...(max !== undefined && { max }),
});

const marksOf = (levels: readonly Level[], axis: 'xAxis' | 'yAxis') => ({
  markLine: {
    silent: true,
    symbol: 'none',
    lineStyle: { color: INK, type: 'dashed' as const },
    data: levels.map(({ name, value }) => ({
      name,
      [axis]: value,
      label: {
        formatter: name,
        position: axis === 'xAxis' ? ('start' as const) : ('insideEndTop' as const),
        fontSize: 11,
      },
    })),
  },
});

/** Names of styles count the charts of this process: here they count those of this one. */
function withOwnNames(svg: string): string {
  const names = new Map<string, string>();
  return svg.replaceAll(/zr\d+-([a-z]+)-\d+/g, (name, kind: string) => {
    const own = names.get(name) ?? `zr-${kind}-${names.size}`;
    names.set(name, own);
    return own;
  });
}

function render(option: EChartsOption, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption(option);
    return `${withOwnNames(chart.renderToSVGString())}\n`;
  } finally {
    // It keeps the process alive otherwise.
    chart.dispose();
  }
}
