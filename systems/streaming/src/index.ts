/** Live streaming to many peers, none of whom gains by leeching: what apps and worlds use of it. */

export * from './flightpath/index.ts';
