import { testSmallSize } from '../../testing/small-size.ts';
import { streamingAblation } from './experiment.ts';

testSmallSize(streamingAblation);
