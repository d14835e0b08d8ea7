/**
 * Who may join: whoever redeems an invite that the tracker's own key has issued. An invite for one is one person, whichever key it
 * comes with: who comes again gives up the former place. One for more is as many people as keys, up to its uses at a time.
 */

import { decodeInviteCredential, isIssuedBy, isRedeemedFor } from '@concordat/accountability';
import { isCertifiedVrfKey, type Signatures, type Vrf } from '@concordat/crypto';
import { sha256 } from '@concordat/runtime';
import { concatBytes, equalBytes } from '@concordat/wire';
import type { Admission } from '../../tracker/state.ts';

export interface AdmissionOptions {
  readonly signatures: Signatures;
  readonly vrf: Vrf;
  readonly stream: Uint8Array;
  /** Of the tracker. */
  readonly issuerKey: Uint8Array;
  /** The epoch that newcomers would join. */
  readonly epoch: () => number;
  /** The people who are members, each as `admit` named it. */
  readonly present: () => Iterable<Uint8Array>;
}

const NAME_BYTES = 32;

const isOfInvite = (person: Uint8Array, ticketKey: Uint8Array): boolean =>
  equalBytes(person.subarray(0, NAME_BYTES), ticketKey);

export function admitInvited(options: AdmissionOptions): Admission {
  const { signatures, vrf, stream, issuerKey } = options;
  return {
    admit: (token, publicKey) => {
      const credential = decodeInviteCredential(token);
      if (credential === null || credential.invite.lastEpoch < options.epoch()) return null;
      const { invite } = credential;
      if (!isIssuedBy(signatures, stream, issuerKey, invite)) return null;
      if (!isRedeemedFor(signatures, stream, credential, publicKey)) return null;
      if (invite.uses === 1) return concatBytes([invite.ticketKey, new Uint8Array(NAME_BYTES)]);
      const person = concatBytes([invite.ticketKey, sha256(publicKey)]);
      let used = 0;
      for (const other of options.present()) {
        if (equalBytes(other, person)) return person;
        if (isOfInvite(other, invite.ticketKey)) used++;
      }
      return used < invite.uses ? person : null;
    },
    isUniqueKey: (vrfKey, certificate) => isCertifiedVrfKey(vrf, vrfKey, certificate),
  };
}
