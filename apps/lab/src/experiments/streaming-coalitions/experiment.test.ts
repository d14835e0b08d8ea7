import { testSmallSize } from '../../testing/small-size.ts';
import { streamingCoalitions } from './experiment.ts';

testSmallSize(streamingCoalitions);
