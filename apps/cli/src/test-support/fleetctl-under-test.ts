import { jest } from "@jest/globals";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { FleetServer } from "../../../server/src/test-support/fleet-server";
import { Fleetctl } from "./fleetctl";

export interface Created {
  id: string;
  token: string;
}

/** fleetctl, and a server for it with a database of its own; there for all tests of the suite that asks. */
export class FleetctlUnderTest {
  server!: FleetServer;
  fleetctl!: Fleetctl;
  private database!: TestDatabase;

  constructor() {
    // Each test starts the program many times, which takes a busy machine long.
    jest.setTimeout(120_000);
    beforeAll(async () => {
      this.database = await createTestDatabase();
      this.server = await FleetServer.start(this.database.url);
      this.fleetctl = new Fleetctl({ FLEET_URL: this.server.url, FLEET_KEY: this.server.adminKey });
    }, 60_000);
    afterAll(async () => {
      this.fleetctl.remove();
      await this.server.stop();
      await this.database.drop();
    });
  }

  /** Creates a device. @param args further ones of `devices create` */
  create(name: string, ...args: string[]): Promise<Created> {
    return this.fleetctl.json<Created>("devices", "create", name, ...args);
  }

  /** Writes a file where fleetctl runs. @returns its path */
  file(name: string, content: string | object): string {
    const place = path.join(this.fleetctl.folder, name);
    writeFileSync(place, typeof content === "string" ? content : JSON.stringify(content));
    return place;
  }
}
