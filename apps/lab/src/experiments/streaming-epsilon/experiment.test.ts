import { testSmallSize } from '../../testing/small-size.ts';
import { streamingEpsilon } from './experiment.ts';

testSmallSize(streamingEpsilon);
