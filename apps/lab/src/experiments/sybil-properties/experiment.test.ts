import { testSmallSize } from '../../testing/small-size.ts';
import { sybilProperties } from './experiment.ts';

testSmallSize(sybilProperties);
