/**
 * FlightPath feature by feature: what each mechanism is for shows when it is off and everything else is on. The figures are those of
 * the paper's comparison: rounds not played, and upload of the mean, the last hundredth and the busiest peer-round.
 */

import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atMost, type Finding } from '../../finding.ts';
import { jitterOf, meanUpload, uploadAt } from '../../harness/streaming.ts';
import { runScene, SCENE_WORDS, type Scene, type Variant } from './variants.ts';

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

type Figure = 'jitter' | 'mean' | 'max';

/** Where a mechanism shows, and in what. */
const PURPOSES: Readonly<Record<Exclude<Variant, 'whole'>, { scene: Scene; figure: Figure; of: string }>> = {
  'single-candidate': { scene: 'calm', figure: 'jitter', of: 'a choice of partners' },
  'accept-all': { scene: 'departure', figure: 'jitter', of: 'reservations' },
  'no-cap': { scene: 'calm', figure: 'max', of: 'the cap' },
  'no-alpha': { scene: 'departure', figure: 'jitter', of: 'uneven trades' },
  'no-trouble-detector': { scene: 'calm', figure: 'jitter', of: 'the trouble detector' },
  'no-tail-inversion': { scene: 'departure', figure: 'jitter', of: 'tail inversion' },
  'no-splitting': { scene: 'calm', figure: 'mean', of: 'splitting the need' },
  'no-tubs': { scene: 'crowd', figure: 'jitter', of: 'tubs' },
  'no-code': { scene: 'departure', figure: 'jitter', of: 'the erasure code' },
};

const FIGURE_WORDS: Readonly<Record<Figure, string>> = {
  jitter: 'rounds not played',
  mean: 'mean upload',
  max: 'upload of the busiest peer-round',
};

/** The whole's figure over that of a variant. */
const CLEARLY_LESS = 0.95;

const VARIANTS: readonly Variant[] = [
  'whole',
  'single-candidate',
  'accept-all',
  'no-cap',
  'no-alpha',
  'no-trouble-detector',
  'no-tail-inversion',
  'no-splitting',
  'no-tubs',
  'no-code',
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
  return VARIANTS.flatMap((variant): Finding[] => {
    if (variant === 'whole') return [];
    const { scene, figure, of } = PURPOSES[variant];
    const [whole, without] = [find('whole', scene), find(variant, scene)];
    if (whole === undefined || without === undefined) return [];
    const claim = `${of}, ${SCENE_WORDS[scene]}: ${FIGURE_WORDS[figure]} with over without`;
    const told = (row: Row): string =>
      figure === 'jitter' ? `${(100 * row[figure]).toFixed(3)} %` : row[figure].toFixed(3);
    return [
      atMost(claim, whole[figure] / without[figure], CLEARLY_LESS, {
        remark: `${told(whole)} with, ${told(without)} without`,
      }),
    ];
  });
}

const trialsOf = (scenes: (variant: Variant) => readonly Scene[], variants = VARIANTS): Trial[] =>
  variants.flatMap((variant) => scenes(variant).map((scene) => ({ variant, scene })));

const SMALL: readonly Variant[] = [
  'single-candidate',
  'no-cap',
  'no-trouble-detector',
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
      ...trialsOf((variant) => (variant === 'whole' ? [] : [PURPOSES[variant].scene]), SMALL),
    ],
    worlds: { calm: 1, malice: 1, crowd: 1, departure: 1 },
  },
  full: {
    peers: 100,
    rounds: 30,
    trials: trialsOf(() => ['calm', 'malice', 'crowd', 'departure']),
    worlds: { calm: 1, malice: 1, crowd: 1, departure: 3 },
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
    const variants = VARIANTS.filter((variant) => rows.some((row) => row.variant === variant));
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
