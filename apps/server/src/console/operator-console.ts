import {
  atCommandSchema,
  type ConsoleReply,
  type ConsoleRequest,
  consoleRequestSchema,
  ROLES,
} from "@mn316-fleet/contracts";
import { forbiddenBy } from "@mn316-fleet/protocol";
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { RawData, WebSocket } from "ws";
import { NOBODY } from "../audit/audit-record";
import type { AuditTrail, OpenEntry } from "../audit/audit-trail";
import type { Denials } from "../audit/denials";
import { type Caller, callerAsActor } from "../auth/caller";
import type { Callers, Credentials } from "../auth/callers";
import type { DeviceScope } from "../auth/device-scope";
import type { RequestLimits } from "../auth/request-limits";
import type { ConfigsService } from "../configs/configs.service";
import { FleetScope, HOST_FLEET } from "../platform/database/fleet-scope";
import type { AgentLinks, OpenFrame } from "../gateway/agent-links";
import { turnAway } from "../platform/http/turn-away";
import { ProblemError } from "../platform/problems/problem.error";
import type { ConsolePlaces } from "./console-places";
import type { ConsoleFrame, ConsoleRelay } from "./console-relay";
import type { DeviceLinkWatch } from "./device-link-watch";

/** What a console works with. */
export interface ConsoleTools {
  callers: Callers;
  limits: RequestLimits;
  places: ConsolePlaces;
  scope: DeviceScope;
  configs: ConfigsService;
  links: AgentLinks;
  relay: ConsoleRelay;
  linkWatch: DeviceLinkWatch;
  trail: AuditTrail;
  denials: Denials;
  logger: Logger;
}

/** Who is at the socket, as far as its opening tells. */
interface Visitor {
  /** Of the socket's own request. */
  credentials: Credentials;
  address: string;
}

type OpenRequest = Extract<ConsoleRequest, { type: "open" }>;

const AUDIT_ACTION = "console";
const OPEN_WITHIN_MS = 5_000;
const KEY_CHECK_MS = 30_000;
const NORMAL = 1000;
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;
const REFUSED = "This needs a valid API key or a session with the role operator.";
const NOT_CONNECTED = "the device's agent is not connected";
/** A terminal that reads nothing is cut off. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Messages of one terminal that may wait for those before them. */
const MAX_WAITING = 16;

/** One operator's socket: who it is, which device, and every command checked before it goes there. */
export class OperatorConsole {
  private readonly id = randomUUID();
  private readonly behalf = FleetScope.ofRequest();
  private deviceId: string | undefined;
  private isEnded = false;
  private isAlive = true;
  private readonly cancels: (() => void)[] = [];
  private tail: Promise<void> = Promise.resolve();
  private entry: OpenEntry | undefined;
  private commands = 0;
  private waiting = 0;

  constructor(
    private readonly socket: WebSocket,
    private readonly visitor: Visitor,
    private readonly tools: ConsoleTools,
  ) {
    this.every(OPEN_WITHIN_MS, () => {
      if (this.deviceId === undefined && this.waiting === 0) this.end("no device was named in time", POLICY_VIOLATION);
    });
    socket.on("message", (data) => {
      this.enqueue(data);
    });
    socket.on("ping", () => {
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) socket.terminate();
    });
    socket.on("pong", () => (this.isAlive = true));
    socket.on("close", () => {
      this.end("the operator left");
    });
  }

  /** What comes faster than it is done waits at the other end. */
  private enqueue(data: RawData): void {
    if (++this.waiting === MAX_WAITING) this.socket.pause();
    this.tail = this.tail
      .then(() => this.behalf.run(() => this.take(data)))
      .catch((error: unknown) => {
        if (error instanceof ProblemError) {
          this.end(error.detail, TRY_AGAIN_LATER);
          return;
        }
        this.tools.logger.error({ err: error, deviceId: this.deviceId }, "console request failed");
        this.end("the server could not do that now");
      })
      .finally(() => {
        if (--this.waiting === 0) this.socket.resume();
      });
  }

  private async take(data: RawData): Promise<void> {
    if (this.isEnded) return;
    const request = consoleRequestSchema.safeParse(parse(data));
    if (!request.success) this.end("not understood: expected open, input or close", POLICY_VIOLATION);
    else if (request.data.type === "open") await this.open(request.data);
    else if (request.data.type === "close") this.end("closed by the operator");
    else await this.input(request.data.command);
  }

  private async open({ deviceId, key, idleS }: OpenRequest): Promise<void> {
    if (this.deviceId !== undefined) return;
    const caller = await this.verify(key);
    if (caller) this.behalf.admit(caller.fleetId);
    const deed = {
      action: AUDIT_ACTION,
      resource: `devices/${deviceId}`,
      address: this.visitor.address,
      request: { console: this.id, idleS },
    };
    if (!caller || !(await this.mayOpen(caller, deviceId))) {
      const actor = caller ? callerAsActor(caller) : NOBODY;
      const { fleetId } = caller ?? { fleetId: HOST_FLEET };
      this.tools.denials.note({ ...deed, fleetId, actor, status: caller ? 403 : 401, detail: REFUSED });
      this.end(REFUSED, POLICY_VIOLATION);
      return;
    }
    if (!this.tools.places.prove(this.socket)) {
      this.end("too many consoles", TRY_AGAIN_LATER);
      return;
    }
    const entry = await this.tools.trail.begin({ ...deed, actor: callerAsActor(caller) });
    if (this.isEnded) {
      await this.tools.trail.end(entry, { status: 499, detail: "the operator left" });
      return;
    }
    this.entry = entry;
    if (!(await this.tools.scope.chooses({ all: true }, [deviceId])).has(deviceId)) {
      this.end(NOT_CONNECTED); // of no fleet, or of another one: which of them is nobody's business
      return;
    }
    this.deviceId = deviceId;
    const operator = caller.name;
    const { relay, linkWatch, logger } = this.tools;
    this.cancels.push(
      relay.listen(this.id, deviceId, (frame) => {
        this.hear(frame);
      }),
      linkWatch.watch(deviceId, () => {
        this.end("the device's agent is not connected any more");
      }),
    );
    this.every(KEY_CHECK_MS, () => {
      if (!this.isAlive) this.socket.terminate();
      this.isAlive = false;
      this.socket.ping();
      void this.tools.callers
        .again(caller)
        .then(async (still) => still !== undefined && (await this.mayOpen(still, deviceId)))
        .then(
          (mayStay) => {
            if (!mayStay) this.end(REFUSED, POLICY_VIOLATION);
          },
          () => undefined, // a database that is away now is asked again
        );
    });
    logger.info({ deviceId, operator, console: this.id }, "console asked for");
    await this.tell({ type: "console-open", console: this.id, operator, idleS });
  }

  /** @throws ProblemError where the caller asks too often, or too much that is wrong came out of their network */
  private async verify(key: string | undefined): Promise<Caller | undefined> {
    const { callers, limits } = this.tools;
    const { address, credentials } = this.visitor;
    limits.admitNetwork(address);
    const isKeyGiven = credentials.authorization === undefined && key !== undefined;
    const verified = await callers.verify(isKeyGiven ? { authorization: `Bearer ${key}` } : credentials);
    if (verified) limits.admitCaller(verified.caller.id);
    else limits.countWrong(address);
    return verified?.caller;
  }

  private async input(command: string): Promise<void> {
    const { deviceId } = this;
    if (deviceId === undefined) return;
    const form = atCommandSchema.safeParse(command);
    const policy = await this.tools.configs.atPolicy(deviceId);
    const refusal = form.success ? policy && forbiddenBy(policy, command) : form.error.issues[0]?.message;
    if (refusal !== undefined) this.reply({ type: "output", from: "note", text: `refused: ${refusal}` });
    else {
      this.commands++;
      await this.tell({ type: "console-input", console: this.id, text: command });
    }
  }

  private hear(frame: ConsoleFrame): void {
    if (frame.type === "console-open") this.reply({ type: "opened" });
    else if (frame.type === "console-output") this.reply({ type: "output", from: frame.from, text: frame.text });
    else this.end(frame.reason, NORMAL, false);
  }

  private async mayOpen({ role, selector }: Caller, deviceId: string): Promise<boolean> {
    if (ROLES.indexOf(role) < ROLES.indexOf("operator")) return false;
    return selector === null || (await this.tools.scope.chooses(selector, [deviceId])).has(deviceId);
  }

  private async tell(frame: OpenFrame): Promise<void> {
    if (this.deviceId === undefined) return;
    const outcome = await this.tools.links.send(this.deviceId, frame);
    if (outcome === "offline") this.end(NOT_CONNECTED);
  }

  private reply(reply: ConsoleReply): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (this.socket.bufferedAmount > MAX_BUFFERED_BYTES) this.socket.terminate();
    else this.socket.send(JSON.stringify(reply));
  }

  /** @param isToTell the device does not know yet */
  private end(reason: string, code = NORMAL, isToTell = true): void {
    if (this.isEnded) return;
    this.isEnded = true;
    for (const cancel of this.cancels) cancel();
    this.reply({ type: "closed", reason });
    const { deviceId, entry, commands } = this;
    if (deviceId === undefined) turnAway(this.socket, code, reason.slice(0, 100));
    else this.socket.close(code, reason.slice(0, 100));
    // What was said is recorded by the agent itself: the device's events of the kind `console` that name this console.
    if (entry)
      void this.behalf.run(() =>
        this.tools.trail.end(entry, { status: 200, detail: reason, after: { console: this.id, commands } }),
      );
    if (!isToTell || deviceId === undefined) return;
    this.tools.links.send(deviceId, { type: "console-close", console: this.id, reason }).catch((error: unknown) => {
      this.tools.logger.warn({ err: error, deviceId }, "a device was not told that its console ended");
    });
  }

  private every(ms: number, work: () => void): void {
    const timer = setInterval(work, ms).unref();
    this.cancels.push(() => {
      clearInterval(timer);
    });
  }
}

function parse(data: RawData): unknown {
  try {
    return JSON.parse((data as Buffer).toString("utf8"));
  } catch {
    return undefined;
  }
}
