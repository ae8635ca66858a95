import { agentCommand } from "./agent-command";

describe("agentCommand", () => {
  it("names the server as agents do, with TLS where the page has it", () => {
    expect(agentCommand("https://fleet.example", "mfe_1")).toBe(
      "npx mn316-agent --server wss://fleet.example --enrollment-key mfe_1 --port /dev/ttyUSB0",
    );
    expect(agentCommand("http://10.0.0.1:3000", "k")).toContain("--server ws://10.0.0.1:3000 ");
  });
});
