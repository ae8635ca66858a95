export { eventually } from "./eventually";
export { createTestDatabase, type TestDatabase } from "./test-database";
export { startTestBroker, type TestBroker } from "./test-broker";
