import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { makeAuthority } from './authority.ts';

/** A card as a test number of its issuer, and a token in a published form that nobody was given. */
export const CARD = '4111111111111111';
export const TOKEN = `ghp_${'a1B2c3D4e5F6'.repeat(3)}`;

const SCHEMA = 'type Query { say(text: String!): String, fail: Int, self: Query! }\n';

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Letters', version: '1' },
  paths: {
    '/letters': {
      post: {
        requestBody: {
          required: true,
          content: { 'application/xml': { schema: { $ref: '#/components/schemas/Letter' } } },
        },
        responses: {
          200: {
            description: 'kept',
            content: { 'application/xml': { schema: { $ref: '#/components/schemas/Letter' } } },
          },
        },
      },
    },
  },
  components: {
    schemas: {
      Letter: {
        type: 'object',
        xml: { name: 'letter' },
        required: ['to', 'pages'],
        additionalProperties: false,
        properties: { to: { type: 'string', maxLength: 40 }, pages: { type: 'integer', minimum: 1 } },
      },
    },
  },
};

/** Files beside a configuration with such APIs. */
export const BODY_FILES: Readonly<Record<string, string>> = {
  'mixed.graphql': SCHEMA,
  'letters.json': JSON.stringify(DOCUMENT),
};

/** APIs that read each kind of body before this upstream: lines of `apis`. */
export function bodyApis(upstreamPort: number): string {
  const common = `upstream: 'http://127.0.0.1:${upstreamPort}', auth: public`;
  return `  shop: { routes: ['POST /graphql'], ${common}, graphql: { schema: ./mixed.graphql, depth: 5 } }
  letters: { openapi: ./letters.json, ${common}, validate: strict }
  photos: { routes: ['POST /photos'], ${common}, files: { types: [image/png], size: 64KiB } }
  notes: { routes: ['POST /notes'], ${common}, sanitize: { body: { /text: [trim, nfc, bidi] } } }
  cards: { routes: ['GET /cards', 'GET /keys'], ${common}, leaks: default }
`;
}

const GRAPHQL_ERROR = { message: 'failed', extensions: { exception: { stacktrace: ['at secret.js:1'] } } };

/** What the upstream answers to such requests; false for others. Bodies come back as they came, but for GraphQL. */
export function answerBodies(request: IncomingMessage, response: ServerResponse): boolean {
  const answer = (body: object): void =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  switch (request.url ?? '') {
    case '/graphql':
      void textOf(request).then((text) => {
        const { variables } = JSON.parse(text) as { variables?: { text?: string } };
        if (variables === undefined) answer({ data: null, errors: [GRAPHQL_ERROR] });
        else answer({ data: { say: variables.text } });
      });
      return true;
    case '/cards':
      answer({ note: `paid with ${CARD}` });
      return true;
    case '/keys':
      answer({ note: TOKEN });
      return true;
    case '/letters':
    case '/photos':
    case '/notes':
      response.writeHead(200, { 'content-type': request.headers['content-type'] ?? '' });
      request.pipe(response);
      return true;
    default:
      return false;
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece as string;
  return text;
}

/** The key of the one caller of third parties, and the secret that only they hear. */
export const CALLER_KEY = 'mixed-caller-key-1234567890';
export const PARTY_SECRET = 'mixed-party-secret-0987654321';

/** An API of others, how a configuration names it, and how it ends. */
export interface MixedParty {
  readonly beside: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  /** The key `egress` of a configuration. */
  readonly lines: string;
  stop(): Promise<void>;
}

/** Starts one that tells callers the very field in which it got the secret, and is no good without. */
export async function startMixedParty(): Promise<MixedParty> {
  const authority = await makeAuthority();
  const { certificate, key } = await authority.issue();
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const { authorization = '' } = request.headers;
    const heard = authorization === `Bearer ${PARTY_SECRET}`;
    if (request.url === '/v1/leave') return void response.writeHead(302, { location: 'https://127.0.0.2/' }).end();
    response.writeHead(heard ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ url: request.url, authorization }));
  });
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    beside: { 'party.pem': authority.ca },
    environment: { MIXED_CALLER_KEY: CALLER_KEY, MIXED_PARTY_SECRET: PARTY_SECRET },
    lines: `egress:
  port: 0
  callers: { own: { key: '\${env:MIXED_CALLER_KEY}' } }
  parties:
    pay:
      url: https://localhost:${(server.address() as AddressInfo).port}/v1
      ca: ./party.pem
      private: [127.0.0.0/8, '::1']
      allow: ['GET /{what}']
      secret: { header: authorization, value: 'Bearer \${env:MIXED_PARTY_SECRET}' }
`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
