import type { Fault } from "../fault";
import { agentKilled } from "./agent-killed";
import { agentsClocksJump } from "./agents-clocks-jump";
import { agentsDiskFull } from "./agents-disk-full";
import { agentsKilled } from "./agents-killed";
import { brokerKilled } from "./broker-killed";
import { moduleKilled } from "./module-killed";
import { networkCut } from "./network-cut";
import { networkDead } from "./network-dead";
import { networkHalfOpen } from "./network-half-open";
import { networkReordered } from "./network-reordered";
import { networkSlow } from "./network-slow";
import { postgresBackendKilled } from "./postgres-backend-killed";
import { postgresDiskFull } from "./postgres-disk-full";
import { postgresKilled } from "./postgres-killed";
import { postgresPaused } from "./postgres-paused";
import { postgresRestarted } from "./postgres-restarted";
import { postgresUnreachable } from "./postgres-unreachable";
import { redisDiskFull } from "./redis-disk-full";
import { redisEmptied } from "./redis-emptied";
import { redisKilled } from "./redis-killed";
import { redisPaused } from "./redis-paused";
import { redisRestarted } from "./redis-restarted";
import { rollingRestart } from "./rolling-restart";
import { serverClocksJump } from "./server-clocks-jump";
import { serverKilled } from "./server-killed";
import { serverPaused } from "./server-paused";
import { twoAgentsOneToken } from "./two-agents-one-token";

/** All faults, by the names that they are called by. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  "server-killed": serverKilled,
  "server-paused": serverPaused,
  "rolling-restart": rollingRestart,
  "agents-killed": agentsKilled,
  "agent-killed": agentKilled,
  "module-killed": moduleKilled,
  "broker-killed": brokerKilled,
  "postgres-killed": postgresKilled,
  "postgres-backend-killed": postgresBackendKilled,
  "postgres-restarted": postgresRestarted,
  "postgres-paused": postgresPaused,
  "postgres-unreachable": postgresUnreachable,
  "postgres-disk-full": postgresDiskFull,
  "redis-killed": redisKilled,
  "redis-restarted": redisRestarted,
  "redis-emptied": redisEmptied,
  "redis-paused": redisPaused,
  "redis-disk-full": redisDiskFull,
  "agents-disk-full": agentsDiskFull,
  "network-cut": networkCut,
  "network-half-open": networkHalfOpen,
  "network-dead": networkDead,
  "network-slow": networkSlow,
  "network-reordered": networkReordered,
  "server-clocks-jump": serverClocksJump,
  "agents-clocks-jump": agentsClocksJump,
  "two-agents-one-token": twoAgentsOneToken,
};
