export {
  checkMatrix,
  countGood,
  emptyMatrix,
  isComplete,
  type Matrix,
  type MatrixServer,
  type MatrixShape,
  readMatrix,
  rectangularShape,
  signRow,
  squareShape,
  withRow,
  writeMatrix,
} from './matrix.ts';
export { countMacs, createMacs, MAC_BYTES, MAC_KEY_BYTES, type Macs } from './siphash.ts';
