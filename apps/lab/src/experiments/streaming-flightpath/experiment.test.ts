import { testSmallSize } from '../../testing/small-size.ts';
import { streamingFlightpath } from './experiment.ts';

testSmallSize(streamingFlightpath);
