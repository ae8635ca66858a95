/**
 * The direction of imports, as docs/architecture.md draws it: each project may import only what is listed here.
 * @type {Record<string, string[]>}
 */
const mayImport = {
  "libs/manual": [],
  "libs/at": [],
  "libs/mn316": ["libs/at", "libs/manual"],
  "libs/virtual-mn316": ["libs/at", "libs/manual"],
  "libs/protocol": ["libs/manual"],
  "libs/contracts": ["libs/protocol", "libs/manual"],
  "libs/agent-core": ["libs/at", "libs/mn316", "libs/protocol", "libs/manual"],
  "libs/client": ["libs/contracts"],
  "apps/server": ["libs/contracts", "libs/protocol", "libs/manual"],
  "apps/agent": ["libs/agent-core"],
  "apps/cli": ["libs/client", "libs/contracts"],
  "apps/simulator": ["libs/agent-core", "libs/virtual-mn316"],
  "apps/dashboard": ["libs/client", "libs/contracts", "libs/protocol", "libs/manual"],
};

/** It runs an agent's work on virtual modules, in memory. */
const REHEARSAL = "^apps/server/src/jobs/rehearsal/";
/** It replays a device's history through the module's timers: pure functions, which bring nothing of the driver along. */
const ANALYTICS = "^apps/server/src/analytics/";
const TESTS = "\\.(test|contract)\\.tsx?$|/test-support/|^apps/e2e/";

const direction = Object.entries(mayImport).map(([project, allowed]) => ({
  name: `imports of ${project}`,
  severity: "error",
  from: { path: `^${project}/`, pathNot: [TESTS, REHEARSAL, ANALYTICS].join("|") },
  to: { path: "^(apps|libs)/", pathNot: [project, ...allowed].map((folder) => `^${folder}/`) },
}));

module.exports = {
  forbidden: [
    ...direction,
    {
      name: "the server's rehearsal also imports agent-core and virtual-mn316",
      severity: "error",
      from: { path: REHEARSAL, pathNot: TESTS },
      to: {
        path: "^(apps|libs)/",
        pathNot: ["apps/server", ...mayImport["apps/server"], "libs/agent-core", "libs/virtual-mn316"].map(
          (folder) => `^${folder}/`,
        ),
      },
    },
    {
      name: "the server's analytics also import the timer model of mn316",
      severity: "error",
      from: { path: ANALYTICS, pathNot: TESTS },
      to: {
        path: "^(apps|libs)/",
        pathNot: ["apps/server", ...mayImport["apps/server"], "libs/mn316/src/timer-model"].map(
          (folder) => `^${folder}/`,
        ),
      },
    },
    {
      name: "the timer model knows no driver",
      severity: "error",
      from: { path: "^libs/mn316/src/timer-model/", pathNot: TESTS },
      to: { path: "^(apps|libs)/", pathNot: ["^libs/mn316/src/timer-model/", "^libs/manual/"] },
    },
    {
      name: "no cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "virtual module never imports the driver it tests, not even in helpers",
      severity: "error",
      from: { path: "^libs/virtual-mn316/src/", pathNot: TESTS },
      to: { path: "^libs/mn316/" },
    },
    {
      name: "manual and protocol run in the browser",
      severity: "error",
      from: { path: "^libs/(manual|protocol|contracts|client)/", pathNot: TESTS },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "only tests import the testkit",
      severity: "error",
      from: { path: "^(apps|libs)/", pathNot: [TESTS, "^libs/testkit/"].join("|") },
      to: { path: "^libs/testkit/" },
    },
    {
      name: "gateway and ingest know no feature",
      severity: "error",
      from: { path: "^apps/server/src/(platform|gateway|ingest)/", pathNot: TESTS },
      to: { path: "^apps/server/src/(history|analytics|alerts|live|devices|configs|jobs|dispatch|console|audit)/" },
    },
    {
      name: "platform knows no fleet",
      severity: "error",
      from: { path: "^apps/server/src/platform/", pathNot: TESTS },
      to: { path: "^apps/server/src/(gateway|ingest|auth|health)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|generated|coverage)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "default"],
      extensions: [".ts", ".tsx", ".js", ".mjs"],
    },
  },
};
