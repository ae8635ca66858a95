export { eventually } from "./eventually";
export { createTestDatabase, type TestDatabase } from "./test-database";
export { findTestRedis, type TestRedis } from "./test-redis";
export { startTestBroker, type TestBroker } from "./test-broker";
export { ManualClock } from "./manual-clock";
