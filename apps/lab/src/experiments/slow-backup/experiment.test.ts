import { testSmallSize } from '../../testing/small-size.ts';
import { slowBackup } from './experiment.ts';

testSmallSize(slowBackup);
