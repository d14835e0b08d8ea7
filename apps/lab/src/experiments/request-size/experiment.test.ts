import { testSmallSize } from '../../testing/small-size.ts';
import { requestSize } from './experiment.ts';

testSmallSize(requestSize);
