import { testSmallSize } from '../../testing/small-size.ts';
import { sybilBaselines } from './experiment.ts';

testSmallSize(sybilBaselines);
