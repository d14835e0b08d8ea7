import { testSmallSize } from '../../testing/small-size.ts';
import { laggingMember } from './experiment.ts';

testSmallSize(laggingMember);
