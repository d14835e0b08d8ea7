/**
 * Why obeying pays, as inequalities between numbers of a configuration: a protocol for selfish peers is an equilibrium only
 * while, at each step where a peer has a choice, the obedient one is the better one. Those steps are few and known (Aiyer et al.,
 * SOSP 2005; Li et al., BAR Gossip, OSDI 2006); whoever configures sizes and counts otherwise breaks the incentive without any
 * test failing. So a system states its inequalities and refuses a configuration that violates one.
 */

export interface Side {
  /** What it is, with the numbers that it comes from: `3 requests of 128 bytes`. */
  readonly says: string;
  readonly value: number;
}

/** Holds if `less` is below `more`. */
export interface Inequality {
  /** A stable ASCII word, e.g. `key-step`. */
  readonly name: string;
  /** Why it must hold and where that is from, as a sentence. */
  readonly because: string;
  readonly less: Side;
  readonly more: Side;
  /** Also at a tie. Without it a tie fails: where nothing but good will keeps a peer obedient, obeying must be better. */
  readonly orEqual?: true;
}

const holds = ({ less, more, orEqual }: Inequality): boolean =>
  Number.isFinite(less.value) && (less.value < more.value || (orEqual === true && less.value === more.value));

/** A sentence for each inequality that does not hold; none for a sound configuration. Numbers that are none never hold. */
export const unsoundInequalities = (inequalities: readonly Inequality[]): string[] =>
  inequalities
    .filter((one) => !holds(one))
    .map(({ name, because, less, more, orEqual }) => {
      const relation = orEqual ? 'at most' : 'less than';
      return `${name}: ${less.says} (${less.value}) must be ${relation} ${more.says} (${more.value}). ${because}`;
    });

export interface RepeatedRequests {
  /** Bytes that whoever answers uploads. */
  readonly answerBytes: number;
  /** Bytes of one request, padding included, all of which whoever refuses receives again. */
  readonly requestBytes: number;
  /** How often a request is repeated until the answer is of no use any more. */
  readonly repetitions: number;
  /** Price of a received byte, as a share of that of a sent one. */
  readonly receivedPrice: number;
}

/** Refusing the last message of an exchange (a key, a receipt) saves it, and brings requests that cost more. */
export const answeringIsCheaper = (name: string, with_: RepeatedRequests): Inequality => ({
  name,
  because: 'Else whoever has got its part keeps the other back (BAR Gossip, section on the key exchange).',
  less: { says: `sending an answer of ${with_.answerBytes} bytes`, value: with_.answerBytes },
  more: {
    says: `receiving ${with_.repetitions} more requests of ${with_.requestBytes} bytes at ${with_.receivedPrice} of the price of sending`,
    value: with_.repetitions * with_.requestBytes * with_.receivedPrice,
  },
});

export interface AskingAgain {
  /** That a peer answers the next request. */
  readonly answerProbability: number;
  /** In the unit of a sent byte. */
  readonly answerWorth: number;
  readonly requestBytes: number;
}

/** Repeating a request must pay for who asks, or nobody would, and the threat of it were empty. */
export const askingAgainPays = (name: string, with_: AskingAgain): Inequality => ({
  name,
  because: 'Else repeated requests are an empty threat.',
  less: { says: `a request of ${with_.requestBytes} bytes`, value: with_.requestBytes },
  more: {
    says: `${with_.answerProbability} of an answer worth ${with_.answerWorth}`,
    value: with_.answerProbability * with_.answerWorth,
  },
});

export interface Filler {
  readonly usefulBytes: number;
  readonly fillerBytes: number;
  /** What a peer gives up by parting with the useful bytes, because it could have traded them; in sent bytes. */
  readonly tradingWorth: number;
}

/** Where useful bytes or junk may be sent, junk is so much larger that useful ones are preferred. */
export const fillerIsDearer = (name: string, with_: Filler): Inequality => ({
  name,
  because: 'Else a peer keeps what it has and sends junk (BAR Gossip, optimistic push).',
  less: {
    says: `${with_.usefulBytes} useful bytes and their worth in a trade of ${with_.tradingWorth}`,
    value: with_.usefulBytes + with_.tradingWorth,
  },
  more: { says: `junk of ${with_.fillerBytes} bytes`, value: with_.fillerBytes },
});

export interface Gamble {
  /** That something useful comes back. */
  readonly probability: number;
  /** In sent bytes. */
  readonly worth: number;
  readonly sentBytes: number;
}

/** Giving first, for what may come back, must pay on average. */
export const givingFirstPays = (name: string, with_: Gamble): Inequality => ({
  name,
  because: 'Else nobody helps a peer that lags, which is all that optimistic push is for.',
  less: { says: `${with_.sentBytes} bytes given`, value: with_.sentBytes },
  more: { says: `${with_.probability} of a worth of ${with_.worth}`, value: with_.probability * with_.worth },
});

export interface SlowPath {
  /** What each side pays when the answer comes at once. */
  readonly fastAsker: number;
  readonly fastAnswerer: number;
  /** The same when it has to be forced through a witness. */
  readonly slowAsker: number;
  readonly slowAnswerer: number;
  /** What the answer is worth to whoever asks. */
  readonly answerWorth: number;
}

/** A slow path that both would rather avoid, but that whoever asks would take: then it is not needed (BAR-T, SOSP 2005). */
export const credibleThreat = (name: string, costs: SlowPath): Inequality[] => [
  {
    name: `${name}-answerer`,
    because: 'Else whoever is asked waits to be forced.',
    less: { says: 'the cost of answering at once', value: costs.fastAnswerer },
    more: { says: 'the cost of answering through the witness', value: costs.slowAnswerer },
  },
  {
    name: `${name}-asker`,
    because: 'Else whoever asks goes to the witness at once, and everybody pays.',
    less: { says: 'the cost of asking directly', value: costs.fastAsker },
    more: { says: 'the cost of asking through the witness', value: costs.slowAsker },
  },
  {
    name: `${name}-worth`,
    because: 'Else nobody would go to the witness, and whoever is asked knows it.',
    less: { says: 'the cost of asking through the witness', value: costs.slowAsker },
    more: { says: 'the worth of the answer', value: costs.answerWorth },
  },
];

/** Where a choice remains, the other one (padded if need be) costs at least what the obedient one does. */
export const noCheaperThan = (name: string, obedient: Side, other: Side): Inequality => ({
  name,
  because: 'Where a choice remains, it must not be cheaper to choose wrongly (SOSP 2005: balance costs).',
  less: obedient,
  more: other,
  orEqual: true,
});
