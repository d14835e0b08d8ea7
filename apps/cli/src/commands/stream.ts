/** `concordat stream`: a live stream from a home uplink to hundreds of viewers, who pass it on to each other and gain nothing by not doing so. */

import { hostAndPort } from '@concordat/replication/edge';
import { createLogger, createMetrics, type Page, startMonitor } from '@concordat/runtime';
import {
  type IngestEvent,
  type IngestSource,
  type Publishing,
  publish,
  type Watching,
  watch,
} from '@concordat/streaming/edge';
import { Command, InvalidArgumentError } from 'commander';
import { CommandError } from '../errors.ts';
import { natural } from './natural.ts';

const EXAMPLES = `
Examples:
  ffmpeg -re -i film.mp4 -c:v libx264 -g 50 -c:a aac -f mpegts - | concordat stream publish --title "Film night"
  concordat stream publish --input tcp://127.0.0.1:9000          then, in ffmpeg or OBS: -f mpegts tcp://127.0.0.1:9000
  concordat stream publish --input udp://127.0.0.1:9000          -f mpegts udp://127.0.0.1:9000
  concordat stream publish --input http://127.0.0.1:9000         -f hls -method PUT http://127.0.0.1:9000/live.m3u8
  concordat stream publish --listen 0.0.0.0:7300 --advertise stream.example.org --data /var/lib/concordat-stream
  concordat stream watch 'concordat-stream:...'                  then open the address that it prints in VLC, mpv or a browser
  concordat stream watch 'concordat-stream:...' --cap 5          this viewer uploads at most 5 Mbit/s, from the first byte on
`;

export const streamCommand = (): Command =>
  new Command('stream')
    .description('a live stream that viewers pass on to each other, and that selfish ones cannot spoil')
    .addCommand(publishCommand())
    .addCommand(watchCommand())
    .addHelpText('after', EXAMPLES);

/** Positive, of megabits per second: to bytes. */
function megabits(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0) throw new InvalidArgumentError('Must be a positive number.');
  return Math.round((value * 1_000_000) / 8);
}

interface PublishFlags {
  readonly input: string;
  readonly title: string;
  readonly data?: string;
  readonly listen: string;
  readonly advertise?: string;
  readonly bitrate: number;
  readonly round: number;
  readonly copies: number;
  readonly viewers: number;
  readonly uplink?: number;
  readonly relay: number;
  readonly invites: number;
  readonly hours: number;
  readonly monitor?: string;
}

const publishCommand = (): Command =>
  new Command('publish')
    .description('take MPEG-TS from an encoder, let viewers in, and print the invite that they need')
    .option(
      '--input <where>',
      '- for standard input, or tcp://, udp:// or http://HOST:PORT to listen at',
      '-',
    )
    .option('--title <text>', 'what viewers read', 'live')
    .option('--data <directory>', 'keeps the stream: started again it is the same one, with its viewers')
    .option(
      '--listen <host:port>',
      'for viewers: the tracker here, joins at the next port, the source at the one after',
      '127.0.0.1:7300',
    )
    .option('--advertise <host>', 'the name or address by which viewers reach this machine')
    .option('--bitrate <mbit/s>', 'what the encoder sends at most', megabits, megabits('4'))
    .option('--round <ms>', 'a packet lives for ten seconds of rounds; shorter ones cost more', natural, 1000)
    .option(
      '--copies <n>',
      'viewers that get each packet from here: the uplink takes so many times the rate',
      natural,
      3,
    )
    .option('--viewers <n>', 'at most', natural, 5000)
    .option('--uplink <mbit/s>', 'this machine uploads at most so much', megabits)
    .option(
      '--relay <mbit/s>',
      'passed on to viewers whom nobody can call; 0 for nothing',
      (text) => (text === '0' ? 0 : megabits(text)),
      megabits('20'),
    )
    .option('--invites <n>', 'people that the printed invite lets in', natural, 5000)
    .option('--hours <n>', 'that it is good for', natural, 24)
    .option('--monitor <host:port>', 'where /metrics, /status.json, /health and /ready are served')
    .addHelpText('after', EXAMPLES)
    .action(runPublish);

function inputOf(text: string): IngestSource {
  if (text === '-') return { kind: 'stream', input: process.stdin };
  const match = /^(tcp|udp|http):\/\/([^/]+)\/?$/.exec(text);
  if (match === null)
    throw new CommandError(
      'bad-input',
      `--input ${text}: give -, or tcp://, udp:// or http:// with HOST:PORT`,
    );
  const { host, port } = hostAndPort(match[2] ?? '');
  return { kind: match[1] as 'tcp' | 'udp' | 'http', host, port };
}

/** What an encoder does, for people. */
function told(event: IngestEvent): string {
  switch (event.type) {
    case 'publisher-joined':
      return `an encoder sends: ${event.from}`;
    case 'publisher-left':
      return `the encoder is gone: ${event.why}`;
    case 'refused':
      return `turned away ${event.from}: ${event.why}`;
    case 'overloaded':
      return 'more comes in than --bitrate says: the stream is cut until it fits';
    case 'recovered':
      return `it fits again; ${event.droppedPackets} packets were left out`;
    case 'missing':
      return `the encoder named ${event.name} and did not send it`;
    default:
      return unknown(event);
  }
}

const unknown = (event: never): string => JSON.stringify(event);

const TELL_MS = 10_000;

async function runPublish(flags: PublishFlags): Promise<void> {
  const metrics = createMetrics();
  const logger = createLogger({ level: 'warn' });
  const stream = await publish({
    title: flags.title,
    input: inputOf(flags.input),
    folder: flags.data ?? null,
    listen: hostAndPort(flags.listen),
    ...(flags.advertise !== undefined && { advertisedHost: flags.advertise }),
    bitsPerSecond: 8 * flags.bitrate,
    roundMs: flags.round,
    copies: flags.copies,
    maxMembers: flags.viewers,
    uploadBytesPerSecond: flags.uplink ?? null,
    relayBytesPerSecond: flags.relay === 0 ? null : flags.relay,
    logger,
    metrics,
    onEvent: (event) => say(told(event)),
  });
  const waiting = (): string | null => (stream.status().publisher === null ? 'no encoder sends' : null);
  const monitor =
    flags.monitor === undefined
      ? null
      : await startMonitor({
          listen: hostAndPort(flags.monitor),
          metrics,
          unhealthy: () => null,
          unready: waiting,
          pages: { path: '/status.json', answer: () => statusPage(flags.title, stream) },
        });
  const { endpoint } = stream.ingest;
  if (endpoint !== null)
    say(`encoders send to ${flags.input.split(':')[0]}://${endpoint.host}:${endpoint.port}`);
  say('ready. Viewers type:');
  process.stdout.write(
    `concordat stream watch '${stream.invite({ uses: flags.invites, hours: flags.hours })}'\n`,
  );
  const stop = stopOnSignals(stream);
  const telling = setInterval(() => say(progressOf(stream)), TELL_MS).unref();
  await stream.ended;
  clearInterval(telling);
  say('ended');
  await stop();
  await monitor?.close();
  process.exit(0);
}

const statusPage = (title: string, stream: Publishing): Page => ({
  status: 200,
  type: 'application/json',
  body: `${JSON.stringify({ version: 1, title, ...stream.status() })}\n`,
});

function progressOf(stream: Publishing): string {
  const { round, viewers, uploadedBytes, publisher, evictions } = stream.status();
  const sent = (uploadedBytes / 1e6).toFixed(1);
  const evicted = evictions.length === 0 ? '' : `, ${evictions.length} evicted`;
  return `round ${round}, ${viewers} viewers${evicted}, ${sent} MB sent${publisher === null ? ', no encoder' : ''}`;
}

interface WatchFlags {
  readonly data?: string;
  readonly listen?: string;
  readonly advertise?: string;
  readonly cap?: number;
  readonly player: string;
}

const watchCommand = (): Command =>
  new Command('watch')
    .description('join a stream and serve it to players on this machine')
    .argument('<invite>', 'the line that concordat stream publish printed')
    .option('--data <directory>', 'keeps who this viewer is')
    .option(
      '--listen <host:port>',
      'where other viewers call; without it they reach this one through the broadcaster',
    )
    .option('--advertise <host:port>', 'how they reach that port from outside')
    .option(
      '--cap <mbit/s>',
      'uploads at most so much, TLS included; twice the rate of the stream unless told',
      megabits,
    )
    .option('--player <host:port>', 'where players on this machine connect', '127.0.0.1:8080')
    .addHelpText('after', EXAMPLES)
    .action(runWatch);

async function runWatch(invite: string, flags: WatchFlags): Promise<void> {
  const stream = await watch({
    invite,
    folder: flags.data ?? null,
    listen: flags.listen === undefined ? null : hostAndPort(flags.listen),
    ...(flags.advertise !== undefined && { advertised: hostAndPort(flags.advertise) }),
    ...(flags.cap !== undefined && { capBytesPerSecond: flags.cap }),
    player: { listen: hostAndPort(flags.player) },
    logger: createLogger({ level: 'warn' }),
    onStep: say,
  });
  const stop = stopOnSignals(stream);
  say(`${stream.title}: open ${stream.stream.playlistUrl}`);
  say(`or ${stream.stream.endlessUrl}; what this viewer does is shown at ${stream.player.url}`);
  const telling = setInterval(() => say(watchedOf(stream)), TELL_MS).unref();
  await stream.ended;
  clearInterval(telling);
  say('the stream has ended');
  await stop();
  process.exit(0);
}

function watchedOf(stream: Watching): string {
  const { phase, join, jitter, upload, peers } = stream.status();
  if (join !== null) return `${phase}: ${join.step} (${join.done}/${join.total})`;
  const rate = ((8 * upload.bytesPerSecond) / 1e6).toFixed(1);
  return `${peers} peers, ${jitter.rounds - jitter.lost} of ${jitter.rounds} rounds played, uploading ${rate} Mbit/s`;
}

function say(line: string): void {
  process.stderr.write(`stream: ${line}\n`);
}

/** Ends it once, however often it is asked to. */
function stopOnSignals(stream: { close(): Promise<void> }): () => Promise<void> {
  let closing: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    closing ??= stream.close();
    return closing;
  };
  process.once('SIGINT', () => void stop()).once('SIGTERM', () => void stop());
  return stop;
}
