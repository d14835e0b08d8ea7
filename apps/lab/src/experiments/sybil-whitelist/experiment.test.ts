import { testSmallSize } from '../../testing/small-size.ts';
import { sybilWhitelist } from './experiment.ts';

testSmallSize(sybilWhitelist);
