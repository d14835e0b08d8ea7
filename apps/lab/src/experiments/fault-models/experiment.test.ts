import { testSmallSize } from '../../testing/small-size.ts';
import { faultModels } from './experiment.ts';

testSmallSize(faultModels);
