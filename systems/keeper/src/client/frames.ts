/** For clients of one's own, frame by frame: requests as they are written, answers as they are read. */

export { createJuteReader, type JuteReader, type Long } from '../jute/reader.ts';
export { bodies, connectFrame, pingFrame, requestFrame } from './requests.ts';
export { type ConnectAnswer, readConnectAnswer, readReplyHeader } from './responses.ts';
