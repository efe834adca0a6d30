import type { ReadyPorts } from './context.ts';
import { alignRows, plain, shellWord } from './terminal.ts';

const EVERY_ADDRESS = new Set(['0.0.0.0', '::']);

/** The addresses of a gateway that is ready, a line each. */
export function addressLines(ready: ReadyPorts): readonly string[] {
  const { https, http, admin, ca } = ready;
  const rows = [['https', `https://${clientHost(ready)}:${https}`]];
  if (http !== null)
    rows.push(['http', `http://${clientHost(ready)}:${http}  (sends GET and HEAD on to https, refuses the rest)`]);
  rows.push(['admin', `https://localhost:${admin}  (for operators; loopback only)`]);
  if (ca !== null) rows.push(['CA', `${plain(ca)}  (clients must trust it)`]);
  return alignRows(rows.map(([name = '', text = '']) => [{ text: `  ${name}` }, { text }]));
}

/** A `curl` command line that reaches the gateway over https and trusts its certificate. */
export function curlLine(ready: ReadyPorts, path: string, options: readonly string[] = []): string {
  const trust = ready.ca === null ? [] : ['--cacert', ready.ca];
  const { host, https } = ready;
  // The local certificate is for localhost and the loopback addresses; any other address is reached under that name.
  const detour = isOwnName(host) ? [] : ['--connect-to', `::${bracketed(host)}:${https}`];
  const url = `https://${isOwnName(host) ? clientHost(ready) : 'localhost'}:${https}${path}`;
  return ['curl', ...options, ...trust, ...detour, url].map(shellWord).join(' ');
}

/** The same over plain http; null where nothing listens there. */
export function plainCurlLine(ready: ReadyPorts, path: string, options: readonly string[] = []): string | null {
  if (ready.http === null) return null;
  return ['curl', ...options, `http://${clientHost(ready)}:${ready.http}${path}`].map(shellWord).join(' ');
}

/** The header field of a token that lies in a variable of the shell, as a word of a command line. */
export function bearerWord(variable: string): string {
  return `-H "authorization: Bearer $${variable}"`;
}

/** A command line that gets a token from `path` and puts it into a variable of the shell. */
export function tokenLine(
  ready: ReadyPorts,
  variable: string,
  { path, client }: { readonly path: string; readonly client: { readonly id: string; readonly secret: string } },
): string {
  const { id, secret } = client;
  const ask = curlLine(ready, path, ['-s', '-u', `${id}:${secret}`, '-d', 'grant_type=client_credentials']);
  return `${variable}=$(${ask} | sed 's/.*"access_token":"//; s/".*//')`;
}

/** How a client on this machine calls the gateway. */
function clientHost({ host }: ReadyPorts): string {
  if (host === '::1') return '[::1]';
  return isOwnName(host) ? 'localhost' : bracketed(host);
}

function isOwnName(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '::1' || EVERY_ADDRESS.has(host);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
