import { testSmallSize } from '../../testing/small-size.ts';
import { speculation } from './experiment.ts';

testSmallSize(speculation);
