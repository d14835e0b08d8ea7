import { testSmallSize } from '../../testing/small-size.ts';
import { authenticators } from './experiment.ts';

testSmallSize(authenticators);
