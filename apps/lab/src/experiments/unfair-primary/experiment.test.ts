import { testSmallSize } from '../../testing/small-size.ts';
import { unfairPrimary } from './experiment.ts';

testSmallSize(unfairPrimary);
