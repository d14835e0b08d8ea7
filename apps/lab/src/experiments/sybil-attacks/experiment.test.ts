import { testSmallSize } from '../../testing/small-size.ts';
import { sybilAttacks } from './experiment.ts';

testSmallSize(sybilAttacks);
