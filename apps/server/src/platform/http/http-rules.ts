import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import type { Logger } from "pino";
import { ProblemFilter } from "../problems/problem.filter";
import { validationPipe } from "../problems/validation.pipe";
import { AllowedMethods } from "./allowed-methods";
import { readCsvBodies } from "./csv-bodies";
import { readJsonBodies } from "./json-bodies";
import { measureRequests } from "./request-metrics";
import { scopeRequests } from "./request-scopes";
import { closeUnusedConnections } from "./unused-connections";
import { refuseOddRequests } from "./plain-requests";
import { addSecurityHeaders } from "./security-headers";
import { cutSlowReaders } from "./slow-peers";

/** What holds for every route: schemas are enforced, every error is a problem document, every answer has its headers. */
export function useHttpRules(app: NestFastifyApplication, logger: Logger): void {
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(new ProblemFilter(logger, new AllowedMethods(app)));
  scopeRequests(app);
  measureRequests(app);
  refuseOddRequests(app);
  readJsonBodies(app);
  readCsvBodies(app);
  addSecurityHeaders(app);
  closeUnusedConnections(app);
  cutSlowReaders(app);
}
