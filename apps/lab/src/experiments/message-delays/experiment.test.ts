import { testSmallSize } from '../../testing/small-size.ts';
import { messageDelays } from './experiment.ts';

testSmallSize(messageDelays);
