import { CONSOLE_PATH } from "@mn316-fleet/contracts";
import { Inject } from "@nestjs/common";
import { type OnGatewayConnection, WebSocketGateway } from "@nestjs/websockets";
import type { IncomingMessage } from "node:http";
import type { Logger } from "pino";
import type { WebSocket } from "ws";
import { AuditTrail } from "../audit/audit-trail";
import { Denials } from "../audit/denials";
import { Callers, type Credentials, isSameOrigin } from "../auth/callers";
import { DeviceScope } from "../auth/device-scope";
import { RequestLimits } from "../auth/request-limits";
import { ConfigsService } from "../configs/configs.service";
import { AgentLinks } from "../gateway/agent-links";
import { networkOf } from "../platform/http/network";
import { addressOf } from "../platform/http/trusted-proxies";
import { LOGGER } from "../platform/logging/nest-logger";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { ConsolePlaces } from "./console-places";
import { ConsoleRelay } from "./console-relay";
import { DeviceLinkWatch } from "./device-link-watch";
import { OperatorConsole } from "./operator-console";

const MAX_MESSAGE_BYTES = 16 * 1024;

/** The operators' WebSocket to the live AT console of a device. */
@WebSocketGateway({ path: CONSOLE_PATH, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false })
export class ConsoleGateway implements OnGatewayConnection {
  private readonly places = new ConsolePlaces();

  constructor(
    private readonly callers: Callers,
    private readonly limits: RequestLimits,
    private readonly scope: DeviceScope,
    private readonly configs: ConfigsService,
    private readonly links: AgentLinks,
    private readonly relay: ConsoleRelay,
    private readonly linkWatch: DeviceLinkWatch,
    private readonly trail: AuditTrail,
    private readonly denials: Denials,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "trustedProxies">,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  handleConnection(socket: WebSocket, request: IncomingMessage): void {
    socket.on("error", () => undefined); // told by close
    const address = addressOf(request, this.settings.trustedProxies);
    const { callers, limits, places, scope, configs, links, relay, linkWatch, trail, denials, logger } = this;
    places.arrive(socket, networkOf(address));
    const visitor = {
      // A page of another site can open this, too, and the browser sends the cookie along.
      credentials: isSameOrigin(request.headers, request.headers.host)
        ? request.headers
        : withoutCookie(request.headers),
      address,
    };
    const tools = { callers, limits, places, scope, configs, links, relay, linkWatch, trail, denials, logger };
    new OperatorConsole(socket, visitor, tools);
  }
}

const withoutCookie = ({ authorization }: Credentials): Credentials => ({ authorization });
