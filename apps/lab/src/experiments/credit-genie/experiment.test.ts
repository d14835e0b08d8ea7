import { testSmallSize } from '../../testing/small-size.ts';
import { creditGenie } from './experiment.ts';

testSmallSize(creditGenie);
