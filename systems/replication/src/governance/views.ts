/**
 * Views of different epochs never meet: the upper bits of a view's number are its epoch. A signed statement of one epoch
 * therefore means nothing in another, whoever leads there and whatever keys are then in force.
 */

const VIEWS_PER_EPOCH = 2 ** 32;

export const firstViewOf = (epoch: number): number => epoch * VIEWS_PER_EPOCH;

export const epochOf = (view: number): number => Math.floor(view / VIEWS_PER_EPOCH);
