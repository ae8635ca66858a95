import { alertDetailSchema, alertDevicePageSchema, alertPageSchema } from "@mn316-fleet/contracts";
import { AlertsUnderTest } from "../../test-support/alerts-under-test";

describe("alert rules", () => {
  let fleet: AlertsUnderTest;
  beforeEach(async () => {
    fleet = await AlertsUnderTest.start();
  });
  afterEach(async () => {
    await fleet.stop();
  });

  it("fire when the condition has lasted long enough, and clear when it was over for long enough", async () => {
    await fleet.rule();
    const id = await fleet.device({ name: "pump" });
    await fleet.device();
    await fleet.link([id], false, 0);
    await fleet.look(4.9);
    expect(await fleet.alerts()).toEqual([]);
    await fleet.look(5.5);
    const [alert] = await fleet.alerts();
    expect(alert).toMatchObject({
      rule: "offline",
      kind: "device-offline",
      severity: "warning",
      state: "firing",
      deviceId: id,
      group: null,
      devices: 1,
      since: fleet.at(0).toISOString(),
      firedAt: fleet.at(5.5).toISOString(),
      summary: {
        code: "device-offline",
        params: { name: "pump" },
        text: expect.stringMatching(/^pump is offline since/),
      },
    });
    await fleet.link([id], true, 6);
    await fleet.look(6.5);
    await fleet.look(8);
    expect((await fleet.alerts())[0].state).toBe("firing");
    await fleet.look(8.6);
    expect(await fleet.alerts()).toEqual([]);
    const page = await fleet.app.ok("GET", "alerts?state=resolved");
    expect(alertPageSchema.parse(page)).toEqual(page);
    expect(page.items).toMatchObject([
      { id: alert.id, state: "resolved", resolution: "recovered", resolvedAt: fleet.at(8.6).toISOString() },
    ]);
  });

  it("do not flap with a device that flaps", async () => {
    await fleet.rule();
    const id = await fleet.device();
    for (let minute = 0; minute < 8; minute += 2) {
      await fleet.link([id], false, minute);
      await fleet.look(minute + 0.5);
      await fleet.link([id], true, minute + 1);
      await fleet.look(minute + 1.5);
    }
    expect(await fleet.alerts("")).toEqual([]);
    await fleet.link([id], false, 10);
    await fleet.look(16);
    for (let minute = 16; minute < 24; minute += 2) {
      await fleet.link([id], true, minute);
      await fleet.look(minute + 0.5);
      await fleet.link([id], false, minute + 1);
      await fleet.look(minute + 1.5);
    }
    expect(await fleet.alerts("")).toMatchObject([{ state: "firing", firedAt: fleet.at(16).toISOString() }]);
  });

  it("leave alone devices that were never there, and those that the selector does not choose", async () => {
    await fleet.rule({ selector: { tags: ["north"] } });
    await fleet.app.ok("POST", "devices", { name: "in its box", tags: ["north"] });
    const south = await fleet.device({ tags: ["south"] });
    await fleet.link([south], false, 0);
    await fleet.look(60);
    expect(await fleet.alerts("")).toEqual([]);
  });

  it("take an agent that is away for no news of its module, neither bad nor good", async () => {
    await fleet.rule({ name: "module", kind: "module-disconnected", params: { forS: 300 } });
    const id = await fleet.device();
    await fleet.module(id, "disconnected", 0);
    await fleet.link([id], false, 1);
    await fleet.look(10);
    expect(await fleet.alerts("")).toEqual([]);
    await fleet.link([id], true, 11);
    await fleet.look(11.5);
    await fleet.module(id, "reconnecting", 14);
    await fleet.look(14.5);
    expect(await fleet.alerts("")).toEqual([]);
    await fleet.look(16.1);
    expect(await fleet.alerts()).toMatchObject([
      { deviceId: id, since: fleet.at(11).toISOString(), summary: { code: "module-disconnected" } },
    ]);
    await fleet.link([id], false, 17);
    await fleet.module(id, "connected", 17);
    await fleet.look(30);
    await fleet.look(60);
    expect(await fleet.alerts()).toHaveLength(1);
    await fleet.link([id], true, 61);
    await fleet.look(62);
    await fleet.look(64.1);
    expect(await fleet.alerts()).toEqual([]);
  });

  it("know an agent's clock that is wrong", async () => {
    await fleet.rule({ name: "module", kind: "module-disconnected", params: { forS: 300 } });
    const id = await fleet.device();
    await fleet.module(id, "disconnected", 60);
    await fleet.sql("UPDATE device_state SET clock_offset_ms = 3600000");
    await fleet.look(4);
    expect(await fleet.alerts()).toEqual([]);
    await fleet.look(5.1);
    expect(await fleet.alerts()).toMatchObject([{ since: fleet.at(0).toISOString() }]);
  });

  it("end with their devices, and with the selection", async () => {
    await fleet.rule({ selector: { tags: ["a"] } });
    const [gone, moved] = [await fleet.device({ tags: ["a"] }), await fleet.device({ tags: ["a"] })];
    await fleet.link([gone, moved], false, 0);
    await fleet.look(6);
    expect(await fleet.alerts()).toHaveLength(2);
    await fleet.app.ok("DELETE", `devices/${gone}`);
    await fleet.app.ok("PATCH", `devices/${moved}`, { tags: ["b"] });
    await fleet.look(7);
    await fleet.look(9.1);
    expect(await fleet.alerts()).toEqual([]);
    const resolved = await fleet.alerts(`deviceId=${gone}`);
    expect(await fleet.app.ok("GET", `alerts/${resolved[0].id}/devices`)).toMatchObject({
      items: [{ deviceId: gone, name: null, leftAt: fleet.at(9.1).toISOString() }],
    });
  });

  it("are looked at again when the database's clock was put back", async () => {
    await fleet.rule();
    await fleet.look(120);
    const id = await fleet.device();
    await fleet.link([id], false, 0);
    expect(await fleet.look(6)).toBe(1);
    expect(await fleet.alerts()).toMatchObject([{ deviceId: id }]);
  });

  describe("of groups", () => {
    const grouped = { groupBy: { by: "cell" as const, minDevices: 5, withinS: 600 } };
    const devices = async (count: number, fields: { cell?: string; tags?: string[] }) => {
      const ids: string[] = [];
      for (let n = 0; n < count; n++) ids.push(await fleet.device(fields));
      return ids;
    };

    it("make one alert of an outage of a cell, which lists its devices, and few later ones join", async () => {
      await fleet.rule(grouped);
      const ids = await devices(8, { cell: "4A-1" });
      const other = await fleet.device({ cell: "4A-2" });
      await fleet.link(ids.slice(0, 3), false, 0);
      await fleet.link(ids.slice(3, 6), false, 1);
      await fleet.link([other], false, 0);
      await fleet.look(1.5);
      await fleet.look(5.2); // the first three are due, and there are six
      let open = await fleet.alerts();
      expect(open).toHaveLength(2);
      const cell = open.find(({ group }) => group);
      expect(cell).toMatchObject({
        group: { by: "cell", key: "4A-1" },
        deviceId: null,
        devices: 3,
        since: fleet.at(0).toISOString(),
        summary: { code: "device-offline-group", params: { group: "4A-1", devices: 3 } },
      });
      expect(open.find(({ deviceId }) => deviceId === other)).toBeDefined();
      await fleet.look(6.2);
      await fleet.link(ids.slice(6), false, 30);
      await fleet.look(40);
      open = await fleet.alerts();
      expect(open).toHaveLength(2);
      expect(open.find(({ id }) => id === cell.id)).toMatchObject({ devices: 8 });
      const detail = await fleet.app.ok("GET", `alerts/${cell.id}`);
      expect(alertDetailSchema.parse(detail)).toEqual(detail);
      const page = await fleet.app.ok("GET", `alerts/${cell.id}/devices?limit=5`);
      expect(alertDevicePageSchema.parse(page)).toEqual(page);
      const rest = await fleet.app.ok("GET", `alerts/${cell.id}/devices?cursor=${page.next}`);
      const listed = [...page.items, ...rest.items].map(({ deviceId }: { deviceId: string }) => deviceId);
      expect(listed.sort()).toEqual([...ids].sort());
      expect((await fleet.alerts(`deviceId=${ids[7]}`)).map(({ id }) => id)).toEqual([cell.id]);
    });

    it("stay while those that helped to open it wait for their time", async () => {
      await fleet.rule(grouped);
      const ids = await devices(5, { cell: "4A-1" });
      await fleet.link(ids.slice(0, 1), false, 0);
      await fleet.link(ids.slice(1), false, 2);
      for (const minutes of [2.5, 5.1, 5.5, 6]) await fleet.look(minutes);
      expect(await fleet.alerts("")).toMatchObject([{ group: { key: "4A-1" }, state: "firing", devices: 1 }]);
      await fleet.look(7.1);
      expect(await fleet.alerts("")).toMatchObject([{ group: { key: "4A-1" }, state: "firing", devices: 5 }]);
    });

    it("fold singles into the alert of their cell, and end when half of what it takes is left", async () => {
      await fleet.rule(grouped);
      const ids = await devices(7, { cell: "4A-1" });
      await fleet.link(ids.slice(0, 2), false, 0);
      await fleet.look(5.5);
      const singles = await fleet.alerts();
      expect(singles.map(({ deviceId }) => deviceId).sort()).toEqual(ids.slice(0, 2).sort());
      await fleet.link(ids.slice(2), false, 3);
      await fleet.look(8.5);
      const [cell, ...others] = await fleet.alerts();
      expect(others).toEqual([]);
      expect(cell).toMatchObject({ group: { key: "4A-1" }, devices: 7, since: fleet.at(0).toISOString() });
      for (const { id } of singles)
        expect(await fleet.app.ok("GET", `alerts/${id}`)).toMatchObject({
          state: "resolved",
          resolution: "folded",
          foldedInto: cell.id,
        });
      await fleet.link(ids.slice(0, 4), true, 10);
      await fleet.look(10.5);
      await fleet.look(12.6);
      expect(await fleet.alerts()).toMatchObject([{ id: cell.id, devices: 3 }]);
      await fleet.link(ids.slice(4, 5), true, 13);
      await fleet.look(13.5);
      await fleet.look(15.6);
      const left = await fleet.alerts();
      expect(left.map(({ deviceId }) => deviceId).sort()).toEqual(ids.slice(5).sort());
      expect(await fleet.app.ok("GET", `alerts/${cell.id}`)).toMatchObject({ resolution: "group-ended", devices: 2 });
      await fleet.link(ids.slice(5), true, 16);
      await fleet.look(16.5);
      await fleet.look(18.6);
      expect(await fleet.alerts()).toEqual([]);
    });

    it("do not take devices together that fail one by one over a long time", async () => {
      await fleet.rule(grouped);
      const ids = await devices(6, { cell: "4A-1" });
      for (const [index, id] of ids.entries()) {
        await fleet.link([id], false, index * 20);
        await fleet.look(index * 20 + 6);
      }
      const open = await fleet.alerts();
      expect(open).toHaveLength(6);
      expect(open.every(({ group }) => group === null)).toBe(true);
    });

    it("go by a tag that begins as the rule says", async () => {
      await fleet.rule({ groupBy: { by: "tag", prefix: "site:", minDevices: 2, withinS: 600 } });
      const ids = await devices(2, { tags: ["pump", "site:mill"] });
      const loners = await devices(2, { tags: ["pump"] });
      await fleet.link([...ids, ...loners], false, 0);
      await fleet.look(6);
      const open = await fleet.alerts();
      expect(open.filter(({ group }) => group !== null)).toMatchObject([
        { group: { by: "tag", key: "site:mill" }, devices: 2 },
      ]);
      expect(open.filter(({ group }) => group === null)).toHaveLength(2);
    });
  });
});
