/**
 * Whether a job `j` holds its executions back and releases them bit by bit, to devices that are connected: it has a rollout
 * or hours of maintenance. Those of any other job are released at once and wait for their devices.
 */
export const IS_CONTROLLED = "(j.rollout IS NOT NULL OR j.hours IS NOT NULL)";

/** When an execution of a job `j` that is made, or is to be tried again, is released: at once, or not yet. */
export const RELEASED_AT_ONCE = `CASE WHEN j.status = 'ROLLING_OUT' AND NOT j.is_paused AND NOT ${IS_CONTROLLED} THEN now() END`;
