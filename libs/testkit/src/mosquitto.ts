import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { eventually } from "./eventually";

/** A Mosquitto of the test's own. */
export interface Mosquitto {
  /** `mqtt://127.0.0.1:port` */
  url: string;
  port: number;
  stop(): Promise<void>;
}

/** Where this machine has the broker's program; undefined where it has none. */
export function mosquittoPath(): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => path.join(folder, "mosquitto")).find(isExecutable);
}

/** Starts a Mosquitto on a free port that lets everybody in and keeps nothing on disk. */
export async function startMosquitto(program: string): Promise<Mosquitto> {
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), "mn316-mosquitto-"));
  const file = path.join(folder, "mosquitto.conf");
  const config = [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "persistence false",
    "max_queued_messages 10000",
  ];
  writeFileSync(file, `${config.join("\n")}\n`);
  const child = spawn(program, ["-c", file], { stdio: "ignore" });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually(() => canConnect(port), { everyMs: 20 });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `mqtt://127.0.0.1:${port}`, port, stop };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

function canConnect(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
}
