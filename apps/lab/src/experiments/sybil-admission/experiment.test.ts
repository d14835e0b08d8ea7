import { testSmallSize } from '../../testing/small-size.ts';
import { sybilAdmission } from './experiment.ts';

testSmallSize(sybilAdmission);
