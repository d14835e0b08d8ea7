/**
 * The federation file: what all members agree on, written and read by people. It is public. Its content names the
 * federation: the id that is part of everything signed is a hash of the fault model and the members' keys, so members
 * with different files never talk past each other unnoticed.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { FIRST_ASSOCIATE, MAX_ASSOCIATES } from '@concordat/kernel';
import { faultModelProblem, quorumsOf } from '@concordat/replication';
import { fromHex } from '@concordat/wire';
import { LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { CommandError, messageOf } from '../errors.ts';

const KEY = /^[0-9a-f]{64}$/;
const NAME = /^[a-z][a-z0-9-]{0,30}$/;

/** More often is in vain: batches of an idle log are half a second apart. */
export const MIN_SWEEP_MS = 100;
export const MAX_SWEEP_MS = 86_400_000;

const address = z
  .string()
  .regex(/^[^\s:]+:\d{1,5}$/, 'must be HOST:PORT')
  .refine((text) => Number(text.split(':')[1]) < 65536, 'must have a port below 65536');

const memberSchema = z.strictObject({
  name: z.string().regex(NAME, 'must be lower-case letters, digits and dashes'),
  address,
  key: z.string().regex(KEY, 'must be 64 hexadecimal digits'),
  pin: z.string().regex(KEY, 'must be 64 hexadecimal digits'),
  /** Public key of its administrators. Where all members have one, the federation can change while it runs. */
  admin: z.string().regex(KEY, 'must be 64 hexadecimal digits').optional(),
});

/** Who calls members, and whom nobody calls. */
const proxySchema = memberSchema.pick({ name: true, key: true, pin: true });

const federationSchema = z
  .strictObject({
    version: z.literal(1),
    u: z.int().min(0),
    r: z.int().min(0),
    members: z.array(memberSchema).min(1),
    /** Proxies that it begins with; a federation that changes while it runs admits others by approvals. */
    proxies: z.array(proxySchema).max(MAX_ASSOCIATES).optional(),
    /** SHA-256 of the state file that it begins with, as `concordat keeper import` prints it; without it with nothing. */
    import: z.string().regex(KEY, 'must be 64 hexadecimal digits').optional(),
    /** Between two looks for TTL nodes and containers that have ended; a minute unless told. */
    sweepMs: z.int().min(MIN_SWEEP_MS).max(MAX_SWEEP_MS).optional(),
  })
  .superRefine((value, context) => {
    const problem = faultModelProblem(value);
    if (problem !== null) return context.addIssue({ code: 'custom', path: ['u'], message: problem });
    const { members } = quorumsOf(value);
    if (value.members.length !== members) {
      const message = `u = ${value.u} and r = ${value.r} need ${members} members, here are ${value.members.length}`;
      context.addIssue({ code: 'custom', path: ['members'], message });
    }
    if (
      value.members.some(({ admin }) => (admin === undefined) !== (value.members[0]?.admin === undefined))
    ) {
      const message = 'either all members have an admin key or none';
      context.addIssue({ code: 'custom', path: ['members'], message });
    }
    for (const field of ['name', 'key', 'pin', 'address', 'admin'] as const) {
      const seen = new Set<string>();
      const cards: [string, number, Partial<Member>][] = [
        ...value.members.map((card, i): [string, number, Partial<Member>] => ['members', i, card]),
        ...(value.proxies ?? []).map((card, i): [string, number, Partial<Member>] => ['proxies', i, card]),
      ];
      for (const [list, i, card] of cards) {
        const text = card[field];
        if (text === undefined) continue;
        if (seen.has(text)) {
          const message = `another ${list === 'members' ? 'member' : 'node'} has the same ${field}`;
          context.addIssue({ code: 'custom', path: [list, i, field], message });
        }
        seen.add(text);
      }
    }
  });

export type Member = z.infer<typeof memberSchema>;

/** What a proxy is known by. */
export type ProxyCard = z.infer<typeof proxySchema>;

/** Cards of members that may join, one or more, as `concordat init` prints them; null if the text is something else. */
export function parseCards(text: string): Member[] | null {
  const result = z.array(memberSchema).safeParse(parseDocument(text).toJS());
  return result.success ? result.data : null;
}

/** Cards of proxies, as `concordat keeper proxy init` prints them; null if the text is something else. */
export function parseProxyCards(text: string): ProxyCard[] | null {
  const result = z.array(proxySchema).safeParse(parseDocument(text).toJS());
  return result.success ? result.data : null;
}

/** The proxies that a federation begins with, by the number of their domain. */
export const proxiesIn = ({ proxies = [] }: Pick<Federation, 'proxies'>): Map<number, ProxyCard> =>
  new Map(proxies.map((card, i) => [FIRST_ASSOCIATE + i, card]));

export interface Federation extends z.infer<typeof federationSchema> {
  /** 32 bytes, derived from everything that must be the same at all members. */
  readonly id: Uint8Array;
}

/** Reads and checks a federation file; a `CommandError` names the file and line of what is wrong. */
export function readFederation(path: string): Federation {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError('no-federation', `cannot read ${path}: ${messageOf(error)}`);
  }
  return parseFederation(text, path);
}

export function parseFederation(text: string, path: string): Federation {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [syntax] = document.errors;
  if (syntax !== undefined) throw invalid(path, lines.linePos(syntax.pos[0]).line, syntax.message);
  const result = federationSchema.safeParse(document.toJS());
  if (result.success) return { ...result.data, id: idOf(result.data) };
  const [issue] = result.error.issues;
  const where = issue?.path ?? [];
  // A missing field has no node: its parent's line is the nearest.
  let node: unknown;
  for (let depth = where.length; depth >= 0 && node === undefined; depth--) {
    node = document.getIn(where.slice(0, depth), true) ?? undefined;
  }
  const range = (node as { range?: readonly number[] } | undefined)?.range;
  throw invalid(
    path,
    lines.linePos(range?.[0] ?? 0).line,
    `${where.join('.') || 'the file'}: ${issue?.message}`,
  );
}

const invalid = (path: string, line: number, message: string): CommandError =>
  new CommandError('bad-federation', `${path}:${line}: ${message}`);

/** What a card is in the file. */
export const formatMember = ({ name, address: at, key, pin, admin }: Member): string =>
  `  - name: ${name}\n    address: ${at}\n    key: ${key}\n    pin: ${pin}\n${admin === undefined ? '' : `    admin: ${admin}\n`}`;

/** Addresses may change without making another federation; keys, order, fault model, first state and sweeps may not. */
function idOf(federation: z.infer<typeof federationSchema>): Uint8Array {
  const { u, r, members, proxies = [], import: first, sweepMs } = federation;
  const hash = createHash('sha256').update(`concordat federation v1\n${u} ${r}\n`);
  for (const { name, key, admin } of members)
    hash.update(`${name} ${key}${admin === undefined ? '' : ` ${admin}`}\n`);
  for (const { name, key } of proxies) hash.update(`proxy ${name} ${key}\n`);
  if (first !== undefined) hash.update(`import ${first}\n`);
  if (sweepMs !== undefined) hash.update(`sweep ${sweepMs}\n`);
  return new Uint8Array(hash.digest());
}

export function publicKeysOf(federation: Federation): Map<number, Uint8Array> {
  const cards = [...federation.members.entries(), ...proxiesIn(federation)];
  return new Map(cards.map(([id, { key }]) => [id, fromHex(key) ?? new Uint8Array(0)]));
}

/** The file's text, with the comments that a person needs. */
export function formatFederation(
  u: number,
  r: number,
  members: readonly Member[],
  { import: first, sweepMs }: Partial<Pick<Federation, 'import' | 'sweepMs'>> = {},
): string {
  return [
    '# A Concordat federation. Every member has the same file.',
    '# u: failures of any kind with which the service goes on; r: of these, lies with which it stays right.',
    'version: 1',
    `u: ${u}`,
    `r: ${r}`,
    ...(first === undefined
      ? []
      : ['# SHA-256 of the state that it begins with: every member needs that file.', `import: ${first}`]),
    ...(sweepMs === undefined
      ? []
      : ['# Between two looks for nodes that have ended.', `sweepMs: ${sweepMs}`]),
    `members: # ${quorumsOf({ u, r }).members} = 2u + r + 1; the order matters`,
    members.map(formatMember).join(''),
  ].join('\n');
}
