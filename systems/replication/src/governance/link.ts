/**
 * The chain of configurations. A link proves, to whoever knows one configuration, which one followed on it: the approvals
 * of its administrators, and the checkpoint at which it began, certified by its members, whose state commits to the next
 * configuration. So members that lag, newcomers, clients and courts follow old keys offline (DESIGN section 9, rule 12).
 *
 *   u53 slot of the command | command | 3 x 32 bytes: the roots of the state | certificate
 */

import { type Hash, SIGNATURE_BYTES } from '@concordat/crypto';
import type { Digest, SignatureCheck } from '@concordat/kernel';
import { createReader, createWriter, equalBytes, type Reader, type Writer } from '@concordat/wire';
import { combinedDigest, type Roots, readRoots, writeRoots } from '../execution/roots.ts';
import type { Certificate } from '../replica/messages.ts';
import { readCertificate, writeCertificate } from '../replica/signed-codec.ts';
import { checkpointCheck } from '../replica/statements.ts';
import { type Reconfigure, readReconfigure, writeReconfigure } from './command.ts';
import {
  type Configuration,
  configurationDigest,
  configurationQuorums,
  delegateOf,
} from './configuration.ts';
import { type Court, refusalOf } from './judgement.ts';

export interface Link {
  /** Where in the log the command is. */
  readonly slot: number;
  readonly command: Reconfigure;
  /** Of the state at the checkpoint where the next configuration began. */
  readonly roots: Roots;
  /** By the members before. */
  readonly certificate: Certificate;
}

/** In one message; who needs more asks again. */
export const MAX_LINKS = 8;

/** The least that a link takes. */
export const LINK_BYTES = 8 + 64 + 96 + SIGNATURE_BYTES;

export function writeLink(w: Writer, link: Link): void {
  w.u53(link.slot);
  writeReconfigure(w, link.command);
  writeRoots(w, link.roots);
  writeCertificate(w, link.certificate);
}

export const readLink = (r: Reader): Link => ({
  slot: r.u53(),
  command: readReconfigure(r),
  roots: readRoots(r),
  certificate: readCertificate(r),
});

const CHAIN_VERSION = 1;

/** Links in one file: as many as a federation that changes every day for a decade has. */
const MAX_CHAIN_LINKS = 4096;

/** A whole chain as a file: u8 version (1) | u32 count, links. */
export function encodeChain(links: readonly Link[]): Uint8Array {
  const writer = createWriter(16 * 1024);
  writer.u8(CHAIN_VERSION);
  writer.list(links, (link) => writeLink(writer, link));
  return writer.finish();
}

export function decodeChain(bytes: Uint8Array): Link[] | null {
  const reader = createReader(bytes);
  if (reader.u8() !== CHAIN_VERSION) return null;
  return reader.finish(reader.list(MAX_CHAIN_LINKS, LINK_BYTES, () => readLink(reader)));
}

/** The last slot of the epoch before. */
export const baseOf = ({ certificate }: Link): number => certificate[0]?.slot ?? 0;

/** Why a link does not follow on a configuration, its signatures apart; or null. */
export function linkProblem(hash: Hash, present: Configuration, link: Link): string | null {
  const { command, certificate, roots, slot } = link;
  const [first] = certificate;
  if (command.next.epoch !== present.epoch + 1 || first === undefined) return 'it is about another epoch';
  const isQuorum =
    certificate.length >= configurationQuorums(present).agreement &&
    certificate.every(
      (item) =>
        item.epoch === present.epoch &&
        delegateOf(present, item.sender) !== null &&
        item.slot === first.slot &&
        equalBytes(item.state, first.state) &&
        equalBytes(item.history, first.history),
    );
  if (!isQuorum || slot > first.slot) return 'no quorum certifies where it begins';
  const isBound =
    equalBytes(roots.configuration, configurationDigest(hash, command.next)) &&
    equalBytes(combinedDigest(hash, roots), first.state);
  return isBound ? null : 'the certified state has another configuration';
}

/** The signatures under a link's certificate, by the keys of the configuration before; one of nobody is checked in vain. */
export const linkChecks = (
  cluster: Digest,
  present: Configuration,
  { certificate }: Link,
): SignatureCheck[] =>
  certificate.map((item) => ({
    ...checkpointCheck(cluster, item),
    key: delegateOf(present, item.sender)?.key ?? new Uint8Array(0),
  }));

/**
 * Follows a chain from a configuration that is trusted; links of its epoch and earlier ones are passed over.
 * @returns the last configuration, or why the chain does not lead there
 */
export function followChain(
  court: Court,
  trusted: Configuration,
  links: readonly Link[],
): Configuration | { readonly reason: string } {
  let present = trusted;
  for (const link of links) {
    if (link.command.next.epoch <= trusted.epoch) continue;
    const problem =
      linkProblem(court.hash, present, link) ??
      refusalOf(court, present, link.command) ??
      forgery(court, present, link);
    if (problem !== null) return { reason: `epoch ${link.command.next.epoch}: ${problem}` };
    present = link.command.next;
  }
  return present;
}

const forgery = (court: Court, present: Configuration, link: Link): string | null =>
  linkChecks(court.cluster, present, link).every(
    ({ key, bytes, signature }) => key !== undefined && court.verifyWith(key, bytes, signature),
  )
    ? null
    : 'a signature under its certificate is false';
