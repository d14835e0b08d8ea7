import { testSmallSize } from '../../testing/small-size.ts';
import { sybilLabelNoise } from './experiment.ts';

testSmallSize(sybilLabelNoise);
