import { testSmallSize } from '../../testing/small-size.ts';
import { slowPrimary } from './experiment.ts';

testSmallSize(slowPrimary);
