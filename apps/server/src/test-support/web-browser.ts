import { CSRF_HEADER } from "@mn316-fleet/contracts";

const MAX_REDIRECTS = 15;

/** A page as it came, at the end of its redirects. */
interface Page {
  url: URL;
  status: number;
  text: string;
  headers: Headers;
}

interface Sent {
  method?: string;
  body?: URLSearchParams | undefined;
  headers?: Record<string, string>;
}

/** What a browser does between two servers: it keeps the cookies of each, follows redirects and sends forms. */
export class WebBrowser {
  /** By origin and name. */
  readonly cookies = new Map<string, Map<string, string>>();
  /** What was set, as it was written. */
  readonly setCookies: string[] = [];

  /** @param places where names lead to that nobody has registered: an origin, and the server that stands for it */
  constructor(private readonly places: ReadonlyMap<string, string>) {}

  /** Opens an address. @param stopAt the origin whose first address is not opened any more, but answered as it is */
  async open(
    address: string | URL,
    { form, stopAt }: { form?: Record<string, string>; stopAt?: string } = {},
  ): Promise<Page> {
    let url = new URL(address);
    let body = form && new URLSearchParams(form);
    for (let n = 0; n < MAX_REDIRECTS; n++) {
      if (url.origin === stopAt) return { url, status: 0, text: "", headers: new Headers() };
      const response = await this.send(url, body ? { method: "POST", body } : {});
      const location = response.headers.get("location");
      const text = await response.text();
      if (location === null) return { url, status: response.status, text, headers: response.headers };
      url = new URL(location, url);
      body = undefined;
    }
    throw new Error(`${url.href}: too many redirects`);
  }

  /** A request of the page itself, with JSON. */
  async request(method: string, address: string | URL): Promise<{ status: number; body: unknown }> {
    const response = await this.send(new URL(address), { method, headers: { [CSRF_HEADER]: "1" } });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  }

  private async send(url: URL, { headers = {}, ...init }: Sent): Promise<Response> {
    const jar = this.cookies.get(url.origin) ?? new Map<string, string>();
    this.cookies.set(url.origin, jar);
    const place = this.places.get(url.origin) ?? url.origin;
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(place + url.pathname + url.search, {
      ...init,
      redirect: "manual",
      headers: { ...headers, ...(cookie !== "" && { cookie }) },
    });
    for (const set of response.headers.getSetCookie()) this.keep(jar, set);
    return response;
  }

  private keep(jar: Map<string, string>, set: string): void {
    this.setCookies.push(set);
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
    const expires = /expires=([^;]+)/i.exec(set)?.[1];
    const isOver = /max-age=0/i.test(set) || (expires !== undefined && new Date(expires) <= new Date());
    if (isOver) jar.delete(name);
    else jar.set(name, value);
  }
}
