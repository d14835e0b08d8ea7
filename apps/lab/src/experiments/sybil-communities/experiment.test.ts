import { testSmallSize } from '../../testing/small-size.ts';
import { sybilCommunities } from './experiment.ts';

testSmallSize(sybilCommunities);
