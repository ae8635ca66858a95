import { httpExchange, type Network } from "../link/network";

/** The server gave no token. */
export class EnrolmentError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** Trying the same again soon can help. */
    readonly isPassing: boolean,
  ) {
    super(message);
    this.name = "EnrolmentError";
  }
}

const PATIENCE_MS = 15_000;
const ENROL_PATH = "/agent/enroll";

const REFUSALS: Record<number, string> = {
  401: "the enrolment key is not accepted: make another one on the server",
  409: "the server has this IMEI already: rotate that device's token there and set it here",
  422: "the server does not accept the module's IMEI",
};

/**
 * Exchanges an enrolment key for this device's own token.
 * @param server its address, as the link takes it
 * @throws EnrolmentError where the server refuses, or is not reached
 */
export async function enrol(
  server: URL,
  { key, imei, name }: { key: string; imei: string; name?: string | undefined },
  network: Network,
): Promise<{ deviceId: string; token: string }> {
  const base = server.href.replace(/^ws/, "http").replace(/\/agent$/, "");
  const url = new URL(base.replace(/\/+$/, "") + ENROL_PATH);
  const answer = await httpExchange(url, network, PATIENCE_MS, {
    key,
    imei,
    ...(name !== undefined && { name }),
  }).catch((error: unknown) => {
    throw new EnrolmentError(0, `the server is not reached: ${(error as Error).message}`, true);
  });
  const { status, body } = answer;
  if (status === 201) {
    const { deviceId, token } = JSON.parse(body) as { deviceId?: unknown; token?: unknown };
    if (typeof deviceId === "string" && typeof token === "string") return { deviceId, token };
  }
  const refusal = REFUSALS[status];
  throw new EnrolmentError(status, refusal ?? `the server answered HTTP ${status}`, refusal === undefined);
}
