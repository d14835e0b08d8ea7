/**
 * A proposal on its way from administrator to administrator: one file of JSON with the next configuration and the approvals
 * that it has so far. It is public, and worth nothing without them.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { decodeReconfigure, encodeReconfigure, type Reconfigure } from '@concordat/replication';
import { fromHex, toHex } from '@concordat/wire';
import { CommandError } from '../errors.ts';

const VERSION = 1;

/** Writes it, for people with the changes in words. */
export function writeProposal(file: string, command: Reconfigure, changes: readonly string[]): void {
  const { approvals, next } = command;
  const text = JSON.stringify(
    {
      version: VERSION,
      epoch: next.epoch,
      changes,
      approvedBy: approvals.map(({ member }) => member),
      command: toHex(encodeReconfigure(command)),
    },
    null,
    2,
  );
  writeFileSync(file, `${text}\n`);
}

export function readProposal(file: string): Reconfigure {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(
      'no-proposal',
      `cannot read ${file}: ${error instanceof Error ? error.message : error}`,
    );
  }
  try {
    const { version, command } = JSON.parse(text);
    const found = version === VERSION ? decodeReconfigure(fromHex(command) ?? new Uint8Array(0)) : null;
    if (found !== null) return found;
  } catch {
    // Not JSON, or not text in hexadecimal: the same to whoever asked.
  }
  throw new CommandError(
    'bad-proposal',
    `${file} is no proposal`,
    'Make one: concordat federation propose --help',
  );
}
