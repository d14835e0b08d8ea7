/**
 * Who may join: whoever redeems an invite that the tracker's own key has issued. An invite for one is one person, whichever key it
 * comes with: who comes again gives up the former place. One for more is as many people as keys, up to its uses at a time. What is
 * used up is seen from who is there, so there is nothing to keep beside the tracker's journal.
 */

import {
  decodeInviteCredential,
  isIssuedBy,
  isRedeemedFor,
  type SignedInvite,
} from '@concordat/accountability';
import { isCertifiedVrfKey, type Signatures, type Vrf } from '@concordat/crypto';
import { sha256 } from '@concordat/runtime';
import { concatBytes, equalBytes } from '@concordat/wire';
import type { Join } from '../../tracker/messages.ts';
import type { Admission } from '../../tracker/state.ts';

export interface AdmissionOptions {
  readonly signatures: Signatures;
  readonly vrf: Vrf;
  readonly stream: Uint8Array;
  /** Of the tracker. */
  readonly issuerKey: Uint8Array;
  /** The people who are members, each as `identityOf` named it. */
  readonly present: () => Iterable<Uint8Array>;
}

const NAME_BYTES = 32;

export function admitInvited(options: AdmissionOptions): Admission {
  const { signatures, vrf, stream, issuerKey } = options;
  /** The invite that a JOIN redeems, or null if it does not. */
  const redeemed = ({ token, publicKey }: Join): SignedInvite | null => {
    const credential = decodeInviteCredential(token);
    if (credential === null || !isIssuedBy(signatures, stream, issuerKey, credential.invite)) return null;
    return isRedeemedFor(signatures, stream, credential, publicKey) ? credential.invite : null;
  };
  const usesNow = (ticketKey: Uint8Array): number => {
    let uses = 0;
    for (const person of options.present()) if (equalBytes(person.subarray(0, NAME_BYTES), ticketKey)) uses++;
    return uses;
  };
  return {
    // Checked here already: who merely names the ticket of a member must not be taken for it.
    identityOf: (join) => {
      const invite = redeemed(join);
      if (invite === null) return join.publicKey;
      const which = invite.uses === 1 ? new Uint8Array(NAME_BYTES) : sha256(join.publicKey);
      return concatBytes([invite.ticketKey, which]);
    },
    isWelcome: (join, epoch) => {
      const invite = redeemed(join);
      if (invite === null || invite.lastEpoch < epoch) return false;
      return invite.uses === 1 || usesNow(invite.ticketKey) < invite.uses;
    },
    onAdmitted: () => {},
    isUniqueKey: (vrfKey, certificate) => isCertifiedVrfKey(vrf, vrfKey, certificate),
  };
}
