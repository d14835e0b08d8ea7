/** ffmpeg for tests: whether it is here, a short show with picture and sound, and runs of it with a deadline. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

const DEADLINE_MS = 40_000;

const said = (program: string, option: string): string =>
  String(spawnSync(program, ['-hide_banner', option], { encoding: 'utf8' }).stdout ?? '');

const encoders = said('ffprobe', '-version') === '' ? '' : said('ffmpeg', '-encoders');

/** Why tests with this encoder of ffmpeg's cannot run here, or false. */
export const lacks = (encoder: string): string | false =>
  encoders.includes(` ${encoder} `) ? false : `needs ffmpeg with ${encoder} (apt-get install ffmpeg)`;

/** Why tests with ffmpeg cannot run here, or false. */
export const NO_FFMPEG: string | false = lacks('libx264');

/** A moving picture with a tone: H.264 with a key frame each second, and AAC. */
export const showOf = (seconds: number, isPaced: boolean): readonly string[] => [
  ...(isPaced ? ['-re'] : []),
  ...['-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=20', ...(isPaced ? ['-re'] : [])],
  ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-t', String(seconds)],
  ...[
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-tune',
    'zerolatency',
    '-pix_fmt',
    'yuv420p',
    '-threads',
    '1',
  ],
  ...['-g', '20', '-keyint_min', '20', '-sc_threshold', '0', '-c:a', 'aac', '-b:a', '64k'],
];

export function spawnFfmpeg(args: readonly string[], stdio: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
  return spawn('ffmpeg', ['-nostdin', '-v', 'error', ...args], {
    stdio: ['ignore', stdio, 'ignore'],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
  });
}

export interface Run {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs a program of ffmpeg's to its end; what it complains of is in `errors`. */
export async function run(program: 'ffmpeg' | 'ffprobe', args: readonly string[]): Promise<Run> {
  const given = program === 'ffmpeg' ? ['-nostdin', ...args] : args;
  const child = spawn(program, given, { stdio: ['ignore', 'pipe', 'pipe'], timeout: DEADLINE_MS });
  const texts = { output: '', errors: '' };
  child.stdout.on('data', (chunk) => {
    texts.output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    texts.errors += chunk;
  });
  await once(child, 'close');
  return { status: child.exitCode, ...texts };
}
