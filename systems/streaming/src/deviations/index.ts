export { type Conduct, OBEDIENT } from '../trade/conduct.ts';
