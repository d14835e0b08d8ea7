/**
 * Pure code has no clock, no dice, no async and no outside. Every ban names what to use instead, so that the rule
 * teaches the architecture to whoever meets it first.
 */

const word = (names) => new RegExp(`(?<![\\w.$])(?:${names})\\b`, 'g');

const PROCESS_MEMBERS =
  'env|argv|cwd|exit|exitCode|nextTick|hrtime|stdin|stdout|stderr|on|once|kill|pid|platform|uptime|memoryUsage|' +
  'cpuUsage|resourceUsage|version|versions|emitWarning';

const BANS = [
  [word('Date'), 'Date: use env.now, or the time of the batch (context.time)'],
  [word('performance'), 'performance: use env.now; costs are measured by worlds'],
  [/\bMath\s*\.\s*random\b/g, 'Math.random: use env.random, or context.random in a service'],
  [word('setTimeout|setInterval|setImmediate'), 'timers: use env.setTimer, which fires as an event'],
  [word('queueMicrotask'), 'queueMicrotask: handlers run to completion; use env.setTimer or settle'],
  [
    word('Promise'),
    'Promise: handlers are synchronous; results arrive as events (env.offload, timers, messages)',
  ],
  [word('async|await'), 'async/await: handlers are synchronous; results arrive as events'],
  [
    new RegExp(`(?<![\\w.$])process\\s*\\.\\s*(?:${PROCESS_MEMBERS})\\b`, 'g'),
    'process: settings arrive as arguments',
  ],
  [/(?<![\w.$])console\s*\./g, 'console: use env.note; hosts turn notes into logs and counters'],
  [word('Buffer'), 'Buffer: use Uint8Array and the bytes of @concordat/wire'],
  [
    word('fetch|WebSocket|Worker|MessageChannel|AbortController'),
    'the outside: act through Env, or move to src/edge',
  ],
  [word('WeakRef|FinalizationRegistry'), 'garbage collection is not deterministic: release explicitly'],
  [word('globalThis'), 'globalThis: everything a process may use arrives through its arguments'],
  [/\.(?:toLocale\w+|localeCompare)\s*\(/g, 'locales differ between machines: compare code units or bytes'],
  [word('Intl'), 'Intl: locales differ between machines'],
];

/** Problems of one file's code, as `{ line, message }`; nothing for code that may touch the outside. */
export function checkPurity(place, source) {
  if (!place.isPure) return [];
  const problems = [];
  for (const [pattern, message] of BANS) {
    for (const match of source.code.matchAll(pattern)) {
      // `{ async: true }` and `options.await` are names, not the thing.
      if (/^\s*\??:/.test(source.code.slice(match.index + match[0].length)) && !message.startsWith('process'))
        continue;
      problems.push({ line: source.lineAt(match.index), message: `pure code: no ${message}` });
    }
  }
  return problems;
}
