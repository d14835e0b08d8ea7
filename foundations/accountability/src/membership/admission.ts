/**
 * Ways into a group. The authority checks keys and signatures; whether somebody is welcome at all is asked here: of a list of
 * keys in a file, of invites, and one day of a graph of who trusts whom.
 */

import type { Signatures } from '@concordat/crypto';
import type { Digest, NodeId } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import type { Proof } from '../proof.ts';
import type { Application } from './application.ts';
import {
  decodeInviteCredential,
  type InviteCredential,
  isIssuedBy,
  isRedeemedFor,
  proveDoubleUse,
  redemptionStatement,
} from './invite.ts';

export interface AdmissionPolicy {
  /** Null if the applicant is welcome in `epoch`, otherwise why not, as a clause for people. Changes nothing. */
  refusalOf(application: Application, epoch: number): string | null;
  /** The application was accepted: what it used up is used up. */
  onAdmitted(application: Application): void;
}

/** Whoever has one of the keys in an organiser's file is welcome, and nobody else. */
export function admitListed(signingKeys: readonly Uint8Array[]): AdmissionPolicy {
  const listed = new Set(signingKeys.map(toHex));
  return {
    refusalOf: ({ signingKey }) => (listed.has(toHex(signingKey)) ? null : 'the key is not on the list'),
    onAdmitted: () => {},
  };
}

export interface InvitePolicyOptions {
  readonly signatures: Signatures;
  readonly cluster: Digest;
  /** The signing key of whoever may invite in `epoch`; undefined for everyone else. */
  issuerKey(issuer: NodeId, epoch: number): Uint8Array | undefined;
}

/** What was redeemed, with which keys. Plain data, for whoever keeps it durably. */
export interface Redemptions {
  /** By ticket key, in hexadecimal. */
  readonly byTicket: Map<
    string,
    { readonly credential: InviteCredential; readonly signingKey: Uint8Array }[]
  >;
}

export const createRedemptions = (): Redemptions => ({ byTicket: new Map() });

/** Whoever holds a token is welcome, as often as it says. */
export function admitInvited(options: InvitePolicyOptions, redemptions: Redemptions): AdmissionPolicy {
  const { signatures, cluster } = options;
  return {
    refusalOf: ({ credential: bytes, signingKey }, epoch) => {
      const credential = decodeInviteCredential(bytes);
      if (credential === null) return 'the credential is no invite';
      const { invite } = credential;
      const issuerKey = options.issuerKey(invite.issuer, epoch);
      if (issuerKey === undefined) return 'the issuer of the invite may not invite';
      if (!isIssuedBy(signatures, cluster, issuerKey, invite)) return 'its issuer did not sign the invite';
      if (!isRedeemedFor(signatures, cluster, credential, signingKey))
        return 'the invite is redeemed for another key';
      if (epoch > invite.lastEpoch) return `the invite ended with epoch ${invite.lastEpoch}`;
      const used = redemptions.byTicket.get(toHex(invite.ticketKey))?.length ?? 0;
      return used < invite.uses ? null : 'the invite is used up';
    },
    onAdmitted: ({ credential: bytes, signingKey }) => {
      const credential = decodeInviteCredential(bytes);
      if (credential === null) return;
      const ticket = toHex(credential.invite.ticketKey);
      const former = redemptions.byTicket.get(ticket) ?? [];
      redemptions.byTicket.set(ticket, [...former, { credential, signingKey }]);
    },
  };
}

/** The proof against a ticket for one that `application` shows again, after it was redeemed with another key; else null. */
export function doubleUseIn(
  { signatures, cluster }: Pick<InvitePolicyOptions, 'signatures' | 'cluster'>,
  redemptions: Redemptions,
  { credential: bytes, signingKey }: Application,
): Proof | null {
  const credential = decodeInviteCredential(bytes);
  if (credential === null || !isRedeemedFor(signatures, cluster, credential, signingKey)) return null;
  const former = redemptions.byTicket.get(toHex(credential.invite.ticketKey))?.[0];
  if (former === undefined) return null;
  const first = redemptionStatement(former.credential, former.signingKey);
  const second = redemptionStatement(credential, signingKey);
  return proveDoubleUse(cluster, credential.invite.issuer, first, second);
}
