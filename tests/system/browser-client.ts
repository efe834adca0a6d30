import { type Ask, ask, type Reply } from './https-client.ts';
import { followSignIn } from './openid-provider.ts';

/** A browser as far as a gateway sees one: it keeps cookies, and says of itself what browsers say. */
export class BrowserClient {
  readonly #at: Pick<Ask, 'port' | 'ca'>;
  readonly #always: Readonly<Record<string, string>>;
  /** By name, in the order in which they were made (RFC 6265 §5.4). */
  readonly cookies = new Map<string, string>();
  /** Those of the provider. */
  readonly elsewhere = new Map<string, string>();
  /** The session’s token, once a page has read it. */
  csrf = '';

  /** `always` are fields of each of its requests, such as those of a proxy before it. */
  constructor(at: Pick<Ask, 'port' | 'ca'>, always: Readonly<Record<string, string>> = {}) {
    this.#at = at;
    this.#always = always;
  }

  get origin(): string {
    return `https://localhost:${this.#at.port}`;
  }

  /** The session’s cookie, or null. */
  get session(): string | null {
    return this.cookies.get('__Host-portcullis-session') ?? null;
  }

  /** Asks with these fields besides its cookies, and keeps those that it gets. */
  async ask(path: string, more: Partial<Ask> = {}): Promise<Reply> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const own = { host: `localhost:${this.#at.port}`, ...(cookie === '' ? {} : { cookie }) };
    const headers = { ...this.#always, ...own, ...more.headers };
    const reply = await ask({ ...this.#at, path, ...more, headers });
    for (const line of listOf(reply.headers['set-cookie'])) this.#keep(line);
    return reply;
  }

  /** Asks for a page, as somebody who types its address. */
  navigate(path: string): Promise<Reply> {
    const headers = {
      accept: 'text/html',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-site': 'none',
    };
    return this.ask(path, { headers });
  }

  /** Calls as a script of a page of this host does. */
  call(path: string, more: Partial<Ask> = {}): Promise<Reply> {
    const csrf: Record<string, string> = this.csrf === '' ? {} : { 'x-portcullis-csrf': this.csrf };
    const own = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
    return this.ask(path, { ...more, headers: { origin: this.origin, ...own, ...csrf, ...more.headers } });
  }

  /** Opens a page, signs in where it is sent to, and comes back; gives where it was sent to in the end. */
  async signIn(path: string, provider = 'acme'): Promise<string> {
    const opened = await this.navigate(path);
    return await this.#followLogin(locationOf(opened), provider);
  }

  /** Signs in at this provider, of several. */
  async signInAt(provider: string): Promise<string> {
    return await this.#followLogin(`/.portcullis/login?provider=${provider}`, provider);
  }

  async #followLogin(path: string, provider: string): Promise<string> {
    const login = await this.navigate(path);
    const back = await followSignIn(
      locationOf(login),
      `${this.origin}/.portcullis/callback/${provider}`,
      this.elsewhere,
    );
    const done = await this.navigate(`${back.pathname}${back.search}`);
    if (done.status !== 303) throw new Error(`not signed in: ${done.status} ${done.body}`);
    await this.readSession();
    return locationOf(done);
  }

  /** What a page is told of who is signed in; keeps the token. */
  async readSession(): Promise<Record<string, unknown>> {
    const reply = await this.call('/.portcullis/session');
    const said = JSON.parse(reply.body) as Record<string, unknown>;
    this.csrf = typeof said['csrf'] === 'string' ? said['csrf'] : '';
    return said;
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    if (attributes.includes('Max-Age=0')) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(at + 1));
  }
}

/** Where a reply leads; an empty text where it leads nowhere. */
export function locationOf({ headers }: Reply): string {
  return String(headers['location'] ?? '');
}

/** The values of a field that may stand several times. */
export function listOf(value: string | string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}
