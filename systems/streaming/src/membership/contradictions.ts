/**
 * What convicts a tracker: two signed lists of one epoch, two delta logs of one length, two tickets for one place or with one id, two
 * keys for one id.
 * Rules for accountability's `verifyProof`; the accused is the tracker. A wrong address convicts nobody: it is its owner's.
 */

import type { Rule } from '@concordat/accountability';
import { createReader, equalBytes } from '@concordat/wire';
import { decodeCardBody } from '../evidence/conviction.ts';
import { statementName } from '../statement.ts';
import { decodeDeltaBody } from './delta.ts';
import { decodeHeadBody } from './epoch-list.ts';
import { decodeTicketBody } from './ticket.ts';

const twoLists: Rule = {
  name: 'two-lists-of-one-epoch',
  kind: statementName('members'),
  convicts: (a, b) => {
    const [one, other] = [decodeHeadBody(a), decodeHeadBody(b)];
    return one !== null && other !== null && one.epoch === other.epoch;
  },
  explain: () => 'The tracker signed two different member lists of one epoch.',
};

const twoLogs: Rule = {
  name: 'two-delta-logs',
  kind: statementName('delta'),
  convicts: (a, b) => {
    const [one, other] = [decodeDeltaBody(a), decodeDeltaBody(b)];
    return (
      one !== null &&
      other !== null &&
      one.epoch === other.epoch &&
      one.joined === other.joined &&
      !equalBytes(one.digest, other.digest)
    );
  },
  explain: () => 'The tracker signed two different logs of as many joins in one epoch.',
};

const twoTickets: Rule = {
  name: 'two-tickets',
  kind: statementName('ticket'),
  convicts: (a, b) => {
    const [one, other] = [decodeTicketBody(createReader(a)), decodeTicketBody(createReader(b))];
    if (one === null || other === null || one.epoch !== other.epoch) return false;
    return one.place === other.place || one.member.id === other.member.id;
  },
  explain: () => 'The tracker gave one place, or one id, of an epoch to two newcomers.',
};

const twoKeys: Rule = {
  name: 'two-keys-of-one-member',
  kind: statementName('card'),
  convicts: (a, b) => {
    const [one, other] = [decodeCardBody(a), decodeCardBody(b)];
    return one !== null && other !== null && one.member === other.member;
  },
  explain: () => "The tracker said of two keys that they are one member's.",
};

export const MEMBERSHIP_RULES: readonly Rule[] = [twoLists, twoLogs, twoTickets, twoKeys];
