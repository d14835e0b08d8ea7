import { testSmallSize } from '../../testing/small-size.ts';
import { regularViews } from './experiment.ts';

testSmallSize(regularViews);
