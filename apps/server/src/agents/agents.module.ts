import { Module } from "@nestjs/common";
import { AgentsController } from "./agents.controller";

/** The agents as programs. */
@Module({ controllers: [AgentsController] })
export class AgentsModule {}
