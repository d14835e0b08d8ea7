export { corrupt, equivocate, flood, flooding, type MessageTwist, replay, replaying } from './lies.ts';
export { deaf, delay, forgetful, ignore, mute, selectiveSilence } from './silence.ts';
export { amongTwins, envAmongTwins, type TwinNames, twinOf } from './twin-nodes.ts';
export { twins } from './twins.ts';
export { onSend, strategyOf, type Twist, twistEnv } from './twist.ts';
