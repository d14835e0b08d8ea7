import { testSmallSize } from '../../testing/small-size.ts';
import { costs } from './experiment.ts';

testSmallSize(costs);
