import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { Counter, Histogram } from "prom-client";
import { Metrics } from "../metrics/metrics";

/** What the dashboard's files and unknown addresses are counted under: an address that anybody may invent is no label. */
const OTHER = "other";
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Counts requests by route and status, and measures how long an answer takes until it begins. */
export function measureRequests(app: NestFastifyApplication): void {
  const registers = [app.get(Metrics, { strict: false })];
  const requests = new Counter({
    name: "fleet_http_requests_total",
    help: "Requests that this node answered, by route and status",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const seconds = new Histogram({
    name: "fleet_http_request_seconds",
    help: "Time until the answer to a request of the API begins",
    labelNames: ["method"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers,
  });
  app
    .getHttpAdapter()
    .getInstance()
    .addHook("onSend", (request, reply, _payload, done) => {
      if (isOfApi(request.routeOptions.url)) seconds.observe({ method: request.method }, reply.elapsedTime / 1_000);
      done();
    })
    .addHook("onResponse", ({ method, routeOptions: { url } }, { statusCode }, done) => {
      requests.inc({
        method: METHODS.has(method) ? method : OTHER,
        route: isOfApi(url) ? url : OTHER,
        status: statusCode,
      });
      done();
    });
}

function isOfApi(route: string | undefined): route is string {
  return route?.startsWith("/api/v1/") === true;
}
