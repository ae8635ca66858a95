/** Native ESM under Jest: run with NODE_OPTIONS=--experimental-vm-modules (tools/test.mjs sets it). */
const project = (displayName, ...folders) => ({
  displayName,
  roots: ["<rootDir>/apps", "<rootDir>/libs"],
  testMatch: folders.map((folder) => `<rootDir>/${folder}/src/**/*.test.ts`),
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts", ".tsx"],
  transform: {
    "^.+\\.tsx?$": [
      "@swc/jest",
      {
        jsc: {
          parser: { syntax: "typescript", decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: "es2022",
        },
        module: { type: "es6" },
      },
    ],
  },
  transformIgnorePatterns: ["/node_modules/"],
  modulePathIgnorePatterns: ["/dist/"],
});

export default {
  globalSetup: "<rootDir>/tools/jest/global-setup.mjs",
  globalTeardown: "<rootDir>/tools/jest/global-teardown.mjs",
  projects: [
    project("libs", "libs/*"),
    project("server", "apps/server"),
    project("apps", "apps/{agent,cli,dashboard,simulator}"),
    project("e2e", "apps/e2e"),
  ],
  testTimeout: 30_000,
  // What a suite loaded is never let go of: a worker that has run some fifty of them mostly collects garbage.
  workerIdleMemoryLimit: "1GB",
};
