import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp, Agent as PlainAgent } from 'node:http';
import { Agent, request as requestHttps } from 'node:https';
import { CALLER_KEY, CARD, PARTY_SECRET, TOKEN } from './body-apis.ts';
import type { MixedAddress } from './clients.ts';
import { Traffic } from './traffic.ts';

const PATIENCE_MS = 20_000;

/** A request, and what must become of it: `right` says so of the body that comes with this status. */
interface Case {
  readonly path: string;
  readonly type?: string;
  /** Without one it is a GET. */
  readonly body?: string;
  readonly status: number;
  readonly right: (text: string, sent: string) => boolean;
}

const JSON_TYPE = 'application/json';
const same = (text: string, sent: string): boolean => text === sent;
/** What nobody let through is neither told of nor given back. */
const refused = (text: string, sent: string): boolean => sent === '' || !text.includes(sent);

const FORM_TYPE = 'multipart/form-data; boundary=mixed-0123456789';
const formOf = (file: string): string =>
  `--mixed-0123456789\r\nContent-Disposition: form-data; name="photo"; filename="p.png"\r\nContent-Type: image/png\r\n\r\n${file}\r\n--mixed-0123456789--\r\n`;
const PNG = `\x89PNG\r\n\x1a\n${'\0pixels'.repeat(200)}`;

/** By kind: what is as it must be, and what is not. */
const CASES = {
  graphql: [
    {
      path: '/graphql',
      type: JSON_TYPE,
      body: '{"query":"query($text: String!) { say(text: $text) }","variables":{"text":"hand"}}',
      status: 200,
      right: (text: string) => text === '{"data":{"say":"hand"}}',
    },
    {
      path: '/graphql',
      type: JSON_TYPE,
      body: '{"query":"{ fail }"}',
      status: 200,
      right: (text: string) => text.includes('"failed"') && !text.includes('secret.js'),
    },
    {
      path: '/graphql',
      type: JSON_TYPE,
      body: '{"query":"{ self { self { self { self { self { fail } } } } } }"}',
      status: 400,
      right: refused,
    },
  ],
  leaks: [
    {
      path: '/cards',
      status: 200,
      right: (text: string) => text === `{"note":"paid with ************${CARD.slice(-4)}"}`,
    },
    { path: '/keys', status: 502, right: (text: string) => !text.includes(TOKEN) },
  ],
  sanitize: [
    {
      path: '/notes',
      type: JSON_TYPE,
      body: '{"text":"  e\u0301 \u202e left "}',
      status: 200,
      right: (text: string) => text === '{"text":"\u00e9  left"}',
    },
    { path: '/notes', type: JSON_TYPE, body: '{"text":"as it is"}', status: 200, right: same },
  ],
  files: [
    { path: '/photos', type: FORM_TYPE, body: formOf(PNG), status: 200, right: same },
    { path: '/photos', type: FORM_TYPE, body: formOf(`MZ${'\0program'.repeat(100)}`), status: 415, right: refused },
  ],
  xml: [
    {
      path: '/letters',
      type: 'application/xml',
      body: '<letter><to>Ann</to><pages>2</pages></letter>',
      status: 200,
      right: same,
    },
    {
      path: '/letters',
      type: 'application/xml',
      body: '<!DOCTYPE letter [<!ENTITY a "Ann">]><letter><to>&a;</to><pages>2</pages></letter>',
      status: 400,
      right: refused,
    },
    {
      path: '/letters',
      type: 'application/xml',
      body: '<letter><to>Ann</to><pages>0</pages></letter>',
      status: 400,
      right: refused,
    },
  ],
} as const satisfies Readonly<Record<string, readonly Case[]>>;

/** A kind of body. */
export type BodyKind = keyof typeof CASES;

/** All of them. */
export const BODY_KINDS = Object.keys(CASES) as readonly BodyKind[];

/** Bodies of one kind over kept connections, in turn such that pass, such that come out changed, and such that are refused. */
export function bodyTraffic(kind: BodyKind, { port, ca, pauseMs = 0 }: MixedAddress, hands: number): Traffic {
  const agent = new Agent({ keepAlive: true, maxSockets: hands, ca });
  const cases: readonly Case[] = CASES[kind];
  let turn = 0;
  return new Traffic({ kind, hands, pauseMs }, async () => {
    const asked = cases[turn++ % cases.length] as Case;
    const { path, type, body } = asked;
    const fixed = { host: 'localhost', port, agent, path, timeout: PATIENCE_MS };
    const sent = Buffer.from(body ?? '', type === FORM_TYPE ? 'latin1' : 'utf8');
    const headers = { ...(type === undefined ? {} : { 'content-type': type }) };
    const request = requestHttps({ ...fixed, method: body === undefined ? 'GET' : 'POST', headers });
    request.end(sent);
    await judge(request, { ...asked, encoding: type === FORM_TYPE ? 'latin1' : 'utf8' });
    return 1;
  });
}

/** Calls of a third party: its answer without the secret that it was told, and a redirect to where nothing may lead. */
export function partyTraffic({ port, pauseMs = 0 }: Omit<MixedAddress, 'ca'>, hands: number): Traffic {
  const agent = new PlainAgent({ keepAlive: true, maxSockets: hands });
  const answered = (text: string): boolean => text.includes('"/v1/charges"') && !text.includes(PARTY_SECRET);
  const cases = [
    { path: '/pay/charges', status: 200, right: answered },
    { path: '/pay/leave', status: 502, right: () => true },
    { path: '/other/charges', status: 404, right: () => true },
  ];
  let turn = 0;
  return new Traffic({ kind: 'egress', hands, pauseMs }, async () => {
    const asked = cases[turn++ % cases.length] as Case;
    const headers = { 'x-portcullis-key': CALLER_KEY };
    const request = requestHttp({ host: '127.0.0.1', port, agent, path: asked.path, headers, timeout: PATIENCE_MS });
    request.end();
    await judge(request, { ...asked, encoding: 'utf8' });
    return 1;
  });
}

/** Fails unless what must become of a request does. */
async function judge(
  request: ReturnType<typeof requestHttp>,
  { path, body = '', status, right, encoding }: Case & { readonly encoding: BufferEncoding },
): Promise<void> {
  // What befalls it behind the head of the reply is seen by reading that.
  request.on('error', () => {});
  const [reply] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const piece of reply.setEncoding(encoding)) text += piece as string;
  if (reply.statusCode !== status || !right(text, body))
    throw new Error(`${path} ${body.slice(0, 80)}: ${reply.statusCode} ${text.slice(0, 200)}`);
}
