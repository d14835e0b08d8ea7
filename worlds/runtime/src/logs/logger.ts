/**
 * Structured logs: one JSON object per line, or short coloured lines for people at a terminal. Values are text,
 * numbers and truth values, so that nobody logs a buffer by accident; fields named like secrets are masked.
 */

export type Level = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, string | number | boolean>>;

export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** The same log with more fields on every line. */
  with(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** `info` unless told. */
  readonly level?: Level;
  /** Takes finished lines; standard error unless told. */
  readonly write?: (line: string) => void;
  /** Lines for people; by default if standard error is a terminal. */
  readonly pretty?: boolean;
}

const RANK: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const COLOUR: Readonly<Record<Level, string>> = { debug: '90', info: '36', warn: '33', error: '31' };
const SECRET = /secret|password|passphrase|seed|token|private/i;

export function createLogger(options: LoggerOptions = {}): Logger {
  const lowest = RANK[options.level ?? 'info'];
  const write = options.write ?? standardError();
  const format = (options.pretty ?? process.stderr.isTTY === true) ? prettyLine : jsonLine;

  const withFields = (common: LogFields): Logger => {
    const at = (level: Level) => (event: string, fields?: LogFields) => {
      if (RANK[level] >= lowest) write(format(new Date(), level, event, masked({ ...common, ...fields })));
    };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: (fields) => withFields({ ...common, ...fields }),
    };
  };
  return withFields({});
}

/** A file on a full disk takes no lines: they are lost, and the process lives on. */
function standardError(): (line: string) => void {
  if (!process.stderr.listeners('error').includes(forgetLine)) process.stderr.on('error', forgetLine);
  return (line) => void process.stderr.write(line);
}

const forgetLine = (): void => {};

const masked = (fields: LogFields): LogFields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, SECRET.test(name) ? '***' : value]),
  );

function jsonLine(time: Date, level: Level, event: string, fields: LogFields): string {
  return `${JSON.stringify({ ...fields, time: time.toISOString(), level, event })}\n`;
}

function prettyLine(time: Date, level: Level, event: string, fields: LogFields): string {
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return `${time.toISOString().slice(11, 23)} \u001b[${COLOUR[level]}m${level.padEnd(5)}\u001b[0m ${event}${rest.join('')}\n`;
}
