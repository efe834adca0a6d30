/** What `portcullis protect` was told; what is left out has its default. */
export interface ProtectOptions {
  readonly upstreamUrl: string;
  /** The OpenAPI document: a file or a URL. Without it everything is routed. */
  readonly openapi?: string;
  /** The API's name; `api` if left out. */
  readonly name?: string;
  readonly ports?: { readonly https?: number; readonly http?: number | 'off'; readonly admin?: number };
  readonly dataFolder?: string;
  /** The address to listen on; loopback if left out. */
  readonly host?: string;
}

/**
 * The configuration that `portcullis protect URL` runs and `--save` writes, with the defaults written out where people
 * will want to change them. The values are not judged here: the text goes through `parseConfig` like any other.
 */
export function protectConfig(options: ProtectOptions): string {
  const { upstreamUrl, openapi, name = 'api', ports = {}, dataFolder = './.portcullis', host } = options;
  const http = ports.http === 'off' ? 'off' : `{ port: ${ports.http ?? 8080} }`;
  const source =
    openapi === undefined
      ? ['    # Without an OpenAPI document, everything is routed.', "    routes: ['* /{rest...}']"]
      : [`    openapi: ${quote(openapi)}`];
  return [
    '# Portcullis before one API.',
    'version: 1',
    'server:',
    ...(host === undefined ? [] : [`  host: ${JSON.stringify(host)}`]),
    `  https: { port: ${ports.https ?? 8443}, certificate: local }`,
    `  http: ${http}`,
    `admin: { port: ${ports.admin ?? 9443} }`,
    `data: ${quote(dataFolder)}`,
    'apis:',
    `  ${name}:`,
    ...source,
    `    upstream: ${quote(upstreamUrl)}`,
    '    # Open to everybody: the gateway checks the form of requests, not who sends them.',
    '    auth: public',
    '',
  ].join('\n');
}

/** A plain word stays one; all else is quoted as JSON, which YAML 1.2 reads as it stands. */
function quote(text: string): string {
  return (/^[A-Za-z./][A-Za-z0-9./_-]*$/.test(text) && !/^(?:null|true|false|~)$/i.test(text)) ||
    /^https?:\/\/[A-Za-z0-9.:/_-]+$/.test(text)
    ? text
    : JSON.stringify(text);
}
