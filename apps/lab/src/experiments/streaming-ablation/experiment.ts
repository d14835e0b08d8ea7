/**
 * FlightPath feature by feature: what each mechanism is for shows when it is off and everything else is on. The figures are those of
 * the paper's comparison: rounds not played, and upload of the mean, the last hundredth and the busiest peer-round.
 */

import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atMost, type Finding } from '../../finding.ts';
import { jitterOf, meanUpload, uploadAt } from '../../harness/streaming.ts';
import {
  detectedOf,
  isUndetected,
  runScene,
  SCENE_WORDS,
  SCENES,
  type Scene,
  type Variant,
} from './variants.ts';

interface Trial {
  readonly variant: Variant;
  readonly scene: Scene;
}

interface Parameters {
  readonly peers: number;
  readonly rounds: number;
  readonly trials: readonly Trial[];
  /** Worlds of each scene. */
  readonly worlds: Readonly<Record<Scene, number>>;
}

interface Row extends Trial {
  /** As a share of the rounds that were due. */
  readonly jitter: number;
  /** Per peer and round, in units of the stream. */
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
}

/** Variants that a finding is about. */
type Shown = Exclude<Variant, 'whole' | 'accept-all' | 'no-alpha' | 'no-tail-inversion'>;

type Figure = 'jitter' | 'mean' | 'max';

/** Where a mechanism shows, in what, and beside which variant that has it. */
interface Purpose {
  readonly scene: Scene;
  readonly figure: Figure;
  readonly of: string;
  readonly beside: Variant;
}

/**
 * Reservations, uneven trades and tail inversion each keep some peers from falling behind. So does the trouble detector, which begins
 * further trades for whoever has fallen behind, for whatever reason: while it is on, the others hardly show. Facts 3.6 turn it on last,
 * and so the three are looked at without it.
 */
const UNDETECTED = { scene: 'calm', figure: 'jitter', beside: 'no-trouble-detector' } as const;

const PURPOSES: Readonly<Record<Shown, Purpose>> = {
  'single-candidate': { scene: 'calm', figure: 'jitter', of: 'a choice of partners', beside: 'whole' },
  'accept-all-undetected': { ...UNDETECTED, of: 'reservations' },
  'no-cap': { scene: 'calm', figure: 'max', of: 'the cap', beside: 'whole' },
  'no-alpha-undetected': { ...UNDETECTED, of: 'uneven trades' },
  'no-trouble-detector': { scene: 'calm', figure: 'jitter', of: 'the trouble detector', beside: 'whole' },
  'no-tail-inversion-undetected': { ...UNDETECTED, of: 'tail inversion' },
  'no-splitting': { scene: 'calm', figure: 'mean', of: 'splitting the need', beside: 'whole' },
  'no-tubs': { scene: 'crowd', figure: 'jitter', of: 'tubs', beside: 'whole' },
  'no-code': { scene: 'departure', figure: 'jitter', of: 'the erasure code', beside: 'whole' },
};

const FIGURE_WORDS: Readonly<Record<Figure, string>> = {
  jitter: 'rounds not played',
  mean: 'mean upload',
  max: 'upload of the busiest peer-round',
};

/** The whole's figure over that of a variant. */
const CLEARLY_LESS = 0.95;

const SHOWN: readonly Shown[] = [
  'single-candidate',
  'accept-all-undetected',
  'no-cap',
  'no-alpha-undetected',
  'no-trouble-detector',
  'no-tail-inversion-undetected',
  'no-splitting',
  'no-tubs',
  'no-code',
];

/** Each mechanism off, and nothing else. */
const VARIANTS: readonly Variant[] = [
  'whole',
  ...SHOWN.map((variant) => (isUndetected(variant) ? detectedOf(variant) : variant)),
];

function measure({ variant, scene }: Trial, { peers, rounds, worlds }: Parameters): Row {
  const courses = Array.from({ length: worlds[scene] }, (_, i) =>
    runScene(variant, scene, i + 1, peers, rounds),
  );
  const meanOf = (figures: readonly number[]): number =>
    figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  return {
    variant,
    scene,
    jitter: jitterOf(courses),
    mean: meanOf(courses.map(meanUpload)),
    p99: meanOf(courses.map((course) => uploadAt(course, 0.99))),
    max: Math.max(...courses.map(({ maxUpload }) => maxUpload)),
  };
}

function findingsOf(rows: readonly Row[]): Finding[] {
  const find = (variant: Variant, scene: Scene): Row | undefined =>
    rows.find((row) => row.variant === variant && row.scene === scene);
  return SHOWN.flatMap((variant): Finding[] => {
    const { scene, figure, of, beside } = PURPOSES[variant];
    const [having, without] = [find(beside, scene), find(variant, scene)];
    if (having === undefined || without === undefined) return [];
    const where = beside === 'whole' ? SCENE_WORDS[scene] : `${SCENE_WORDS[scene]}, no trouble detector`;
    const told = (row: Row): string =>
      figure === 'jitter' ? `${(100 * row[figure]).toFixed(3)} %` : row[figure].toFixed(3);
    const remarks = [`${told(having)} with, ${told(without)} without`];
    if (isUndetected(variant)) {
      const [whole, alone] = [find('whole', scene), find(detectedOf(variant), scene)];
      if (whole !== undefined && alone !== undefined)
        remarks.push(`while the trouble detector is on, ${told(whole)} and ${told(alone)}`);
    }
    return [
      atMost(
        `${of}, ${where}: ${FIGURE_WORDS[figure]} with over without`,
        having[figure] / without[figure],
        CLEARLY_LESS,
        { remark: remarks.join('; ') },
      ),
    ];
  });
}

const SMALL: readonly Shown[] = [
  'single-candidate',
  'no-cap',
  'no-trouble-detector',
  'no-tail-inversion-undetected',
  'no-splitting',
  'no-tubs',
];

export const streamingAblation: Experiment<Parameters, readonly Row[]> = {
  name: 'streaming-ablation',
  claim: 'Each mechanism of FlightPath is worth having.',
  source: 'FlightPath (OSDI 2008), comparison of techniques',
  small: {
    peers: 60,
    rounds: 24,
    trials: [
      { variant: 'whole', scene: 'calm' },
      { variant: 'whole', scene: 'crowd' },
      ...SMALL.map((variant) => ({ variant, scene: PURPOSES[variant].scene })),
    ],
    worlds: { calm: 1, malice: 1, crowd: 1, departure: 1 },
  },
  full: {
    peers: 100,
    rounds: 30,
    trials: [
      ...VARIANTS.flatMap((variant) => SCENES.map((scene) => ({ variant, scene }))),
      ...SHOWN.filter(isUndetected).map((variant) => ({ variant, scene: PURPOSES[variant].scene })),
    ],
    worlds: { calm: 3, malice: 1, crowd: 1, departure: 3 },
  },
  run: (parameters, progress) =>
    parameters.trials.map((trial) => {
      const row = measure(trial, parameters);
      const { jitter, mean, p99, max } = row;
      const upload = [mean, p99, max].map((figure) => figure.toFixed(2)).join(' / ');
      progress(
        `${trial.variant}, ${SCENE_WORDS[trial.scene]}: jitter ${(100 * jitter).toFixed(3)} %, upload mean / p99 / max ${upload}`,
      );
      return row;
    }),
  assert: findingsOf,
  draw: (rows) => {
    const variants = [...VARIANTS, ...SHOWN.filter(isUndetected)].filter((variant) =>
      rows.some((row) => row.variant === variant),
    );
    const scenes = [...new Set(rows.map(({ scene }) => scene))];
    return drawBars({
      title: 'FlightPath with one mechanism off: rounds not played, %',
      categories: variants,
      series: scenes.map((scene) => ({
        name: SCENE_WORDS[scene],
        values: variants.map((variant) => {
          const row = rows.find((other) => other.variant === variant && other.scene === scene);
          return row === undefined ? null : 100 * row.jitter;
        }),
      })),
      axis: { name: '%' },
      isLying: true,
    });
  },
};
