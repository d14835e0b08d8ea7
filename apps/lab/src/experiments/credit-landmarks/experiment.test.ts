import { testSmallSize } from '../../testing/small-size.ts';
import { creditLandmarks } from './experiment.ts';

testSmallSize(creditLandmarks);
