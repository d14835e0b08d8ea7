/** What the limiter says of one request, and how it is said over HTTP (draft-ietf-httpapi-ratelimit-headers-11, RFC 9110, RFC 9457). */

import type { ViewRefusal } from '../../policies/genie.ts';

export type Why =
  | ViewRefusal
  | 'unknown-viewer'
  | 'unknown-viewed'
  /** Charges do not become durable, and the limiter was told to refuse then. */
  | 'store-failed';

export interface Verdict {
  /** Whether to serve the request: true also in a dry run, whatever it says below. */
  readonly isAllowed: boolean;
  /** Why it is refused, or would have been; null if all is well. */
  readonly why: Why | null;
  /** In a dry run nobody is refused. */
  readonly isDryRun: boolean;
  /** Links between the two accounts. */
  readonly hops: number;
  /** Units that the request cost, or would have. */
  readonly cost: number;
  /** Units that the viewer's own links have left, and began with: what he can pay is at most this. */
  readonly remaining: number;
  readonly limit: number;
  /** Until links next recover; null if they do not. */
  readonly resetMs: number | null;
  /** When the same request may be allowed; null if nothing is gained by waiting. */
  readonly retryAfterMs: number | null;
}

export type HeaderStyle = 'standard' | 'legacy' | 'both' | 'none';

export interface HeaderSettings {
  /** The policy's name in headers and problems: letters, digits, hyphens. */
  readonly name: string;
  /** Until a link that was spent is whole again. */
  readonly windowMs: number | null;
  readonly style: HeaderStyle;
}

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

/** Fields of a response, by their names in lower case. */
export function headersOf(
  verdict: Verdict,
  { name, windowMs, style }: HeaderSettings,
): Record<string, string> {
  const headers: Record<string, string> = {};
  const { limit, remaining, resetMs, retryAfterMs, isAllowed, cost } = verdict;
  if (style === 'standard' || style === 'both') {
    const window = windowMs === null ? '' : `;w=${seconds(windowMs)}`;
    const effective = resetMs === null ? '' : `;t=${seconds(resetMs)}`;
    headers['ratelimit-policy'] = `"${name}";q=${limit}${window}`;
    headers['ratelimit'] = `"${name}";r=${remaining}${effective};concordat-cost=${cost}`;
  }
  if (style === 'legacy' || style === 'both') {
    headers['x-ratelimit-limit'] = `${limit}`;
    headers['x-ratelimit-remaining'] = `${remaining}`;
    if (resetMs !== null) headers['x-ratelimit-reset'] = `${seconds(resetMs)}`;
  }
  if (!isAllowed && retryAfterMs !== null) headers['retry-after'] = `${seconds(retryAfterMs)}`;
  return headers;
}

/** 503 if the fault is the server's, otherwise 429. */
export const statusOf = (verdict: Verdict): number => (verdict.why === 'store-failed' ? 503 : 429);

export const PROBLEM_TYPE = 'application/problem+json';
const TYPES = 'https://iana.org/assignments/http-problem-types';

const DETAILS: Readonly<Record<Why, string>> = {
  'no-such-pair': 'One of the accounts is not known here.',
  'payer-exhausted':
    'Your connections have too little credit left. It comes back with time, and new connections bring some at once.',
  'payee-exhausted': 'The connections of that account have too little credit left. It comes back with time.',
  'too-far': 'That account is too far from yours.',
  'no-route': 'Between you and that account too little credit is left. It comes back with time.',
  'too-many-holds': 'Too many requests are under way.',
  unconnected: 'Nothing connects you with that account.',
  'unknown-viewer': 'Your account has no connections yet.',
  'unknown-viewed': 'That account has no connections yet.',
  'store-failed': 'Requests cannot be accounted for right now.',
};

/** The body of a refusal, as problem details. */
export function problemOf(verdict: Verdict, name: string): string {
  const isOurs = verdict.why === 'store-failed';
  return JSON.stringify({
    type: `${TYPES}#${isOurs ? 'temporary-reduced-capacity' : 'quota-exceeded'}`,
    title: isOurs ? 'Temporarily out of service' : 'Too many requests',
    status: statusOf(verdict),
    detail: verdict.why === null ? '' : DETAILS[verdict.why],
    reason: verdict.why,
    'violated-policies': [name],
  });
}
