export { eventually } from "./eventually";
export { ManualClock } from "./manual-clock";
export { mosquittoPath, type Mosquitto, startMosquitto } from "./mosquitto";
export { openPty, type Pty, whyNoPty } from "./pty";
export { suiteWith } from "./suite-with";
export { createTestDatabase, type TestDatabase } from "./test-database";
export { findTestRedis, type TestRedis } from "./test-redis";
export { TestAuthority, type TestCertificate } from "./test-authority";
export { startTestBroker, type TestBroker } from "./test-broker";
