import { testSmallSize } from '../../testing/small-size.ts';
import { streamingGossip } from './experiment.ts';

testSmallSize(streamingGossip);
