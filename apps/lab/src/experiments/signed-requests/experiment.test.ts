import { testSmallSize } from '../../testing/small-size.ts';
import { signedRequests } from './experiment.ts';

testSmallSize(signedRequests);
