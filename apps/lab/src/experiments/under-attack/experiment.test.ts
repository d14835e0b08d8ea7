import { testSmallSize } from '../../testing/small-size.ts';
import { underAttack } from './experiment.ts';

testSmallSize(underAttack);
