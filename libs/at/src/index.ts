export { AtChannel, type ChannelOptions, type CommandAnswer, type CommandOptions } from "./channel/at-channel";
export { type FinalResult, finalResult, inWords } from "./channel/final-result";
export { type Clock, systemClock } from "./clock";
export * from "./errors";
export {
  type Frame,
  Framer,
  type FramerOptions,
  type PayloadMatch,
  type PayloadMatcher,
  type PayloadRule,
} from "./framing/framer";
export { memoryPair } from "./transports/memory-pair";
export { openTransport, type TransportOptions } from "./transports/open-transport";
