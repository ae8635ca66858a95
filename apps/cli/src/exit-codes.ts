/** What the program's exit code tells; docs/fleetctl.md lists them. */
export const EXIT = {
  ok: 0,
  /** The server refused, or something on this machine failed. */
  failed: 1,
  /** Wrong arguments, or a request that breaks a rule of the API. */
  usage: 2,
  /** The job is over and not every execution succeeded. */
  jobFailed: 3,
  /** The job ended itself by its abort criteria. */
  jobAborted: 4,
  jobCanceled: 5,
  /** The server gave no answer. */
  unreachable: 6,
  /** No key, a wrong one, or one whose role may not do that. */
  notAllowed: 7,
  /** The job was not over in the time that was given. */
  notOver: 8,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
