export * from "./analytics";
export * from "./api-keys";
export * from "./common";
export * from "./configuration";
export { brokenRules, configWarnings } from "./configuration-rules";
export { fillIn, type Placeholders, placeholdersOf } from "./configuration-text";
export * from "./devices";
export * from "./history";
export * from "./jobs";
