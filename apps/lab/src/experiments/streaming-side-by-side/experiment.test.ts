import { testSmallSize } from '../../testing/small-size.ts';
import { streamingSideBySide } from './experiment.ts';

testSmallSize(streamingSideBySide);
