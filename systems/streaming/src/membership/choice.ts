/**
 * Whom a peer may contact is not its choice: a verifiable random function of its key and the occasion decides (BAR Gossip, OSDI 2006,
 * verifiable partner selection). The input names stream, list, round and tag, so a proof serves once; the function has one output
 * per input, so there is nothing to grind. (Deviation: the paper seeds with a signature. Ed25519 signatures are not unique.)
 */

import { createDraws, type Draws, type Hash, tagged } from '@concordat/crypto';
import type { Digest } from '@concordat/kernel';
import type { StreamKeys } from '../keys.ts';
import type { ProofOfChoice, Tag } from '../messages/messages.ts';
import type { Members } from './member-list.ts';

export interface ChoiceOccasion {
  readonly stream: Digest;
  readonly list: Pick<Members, 'epoch' | 'digest'>;
  readonly round: number;
  readonly tag: Tag;
}

const numbers = new Uint8Array(4 + 4 + 1);
const view = new DataView(numbers.buffer);

/** What the random function is applied to. */
export function choiceInput(hash: Hash, { stream, list, round, tag }: ChoiceOccasion): Uint8Array {
  view.setUint32(0, list.epoch);
  view.setUint32(4, round);
  numbers[8] = tag;
  return tagged(hash, 'stream-choice', stream, list.digest, numbers);
}

/** This process's own draws for the occasion, and the proof of them. */
export function drawChoice(
  keys: StreamKeys,
  occasion: ChoiceOccasion,
): { readonly proof: Uint8Array; readonly draws: Draws } {
  const { output, proof } = keys.vrfKey.prove(choiceInput(keys.hash, occasion));
  return { proof, draws: createDraws(keys.hash, output, 'stream-partner') };
}

/** The draws that the owner of `vrfKey` proves to have for the occasion; null if it does not. */
export function checkChoice(
  keys: Pick<StreamKeys, 'hash' | 'vrf'>,
  occasion: ChoiceOccasion,
  vrfKey: Uint8Array,
  { proof }: Pick<ProofOfChoice, 'proof'>,
): Draws | null {
  const output = keys.vrf.verify(vrfKey, choiceInput(keys.hash, occasion), proof);
  return output === null ? null : createDraws(keys.hash, output, 'stream-partner');
}
