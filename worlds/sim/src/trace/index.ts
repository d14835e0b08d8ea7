export { createRecorder, describeNote, formatTime, type Recorder, type TraceNames } from './recorder.ts';
export { runTrace, type TraceCluster, type TraceResult, type TraceSystem } from './runner.ts';
export { type Command, parseNumber, parseScenario, type Scenario } from './scenario.ts';
