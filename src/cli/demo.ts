import { posix } from 'node:path';
import { demoBanner, type DemoClient } from './demo-banner.ts';
import { type Command, EXIT } from './command.ts';
import type { CommandContext, LocalIssuer } from './context.ts';
import { choosePorts, type GatewayPortNumbers, runOnFreePorts } from './ports.ts';

/** What stands where the configuration's file would be named. */
const NAME = 'demo (no file)';
const DATA_FOLDER = '.portcullis/demo';
const ISSUER_PATH = '/id';
const SCOPES = ['orders:read', 'orders:create', 'orders:refund', 'customers:read'];

/** Who may get tokens, and as what. */
const CLIENTS = [
  { id: 'ada', roles: ['customer'] },
  { id: 'sam', roles: ['support'] },
];

/** `portcullis demo`, which is what `npm start` runs: an API, an authorization server, the gateway, and things to try. */
export const demoCommand: Command = {
  verb: 'demo',
  summary: 'runs the gateway before a small sample API, and prints what to try',
  operands: [],
  options: { json: { value: null, says: 'when ready, print one line of JSON instead of words' } },
  details: [
    'A sample API of orders, an authorization server that gives tokens for it, and the gateway before both. Everything is',
    'on loopback and in memory but the keys, the certificates and the records, which lie in ./.portcullis/demo. Ports',
    '8443, 8080 and 9443, or the next free ones. The secrets it prints are new at each start.',
  ],
  async run(given, context) {
    const { services } = context;
    const api = await services.demoApi();
    const demo: Demo = { api, json: given.flags.has('json'), context };
    try {
      return await runOnFreePorts(
        (place) => choosePorts(services, {}, { place }),
        (ports, canChooseAnew) => runDemo(demo, ports, canChooseAnew),
      );
    } finally {
      await api.close();
    }
  },
};

/** What stays the same whichever ports are chosen. */
interface Demo {
  readonly api: { readonly url: string; readonly openapiFile: string };
  readonly json: boolean;
  readonly context: CommandContext;
}

/** The authorization server's URL names the https port, so there is a new one for each choice of ports. */
async function runDemo(
  { api, json, context }: Demo,
  ports: GatewayPortNumbers,
  canChooseAnew: boolean,
): Promise<number | 'port-in-use'> {
  const { services, program, workingFolder } = context;
  const origin = `https://localhost:${ports.https}`;
  const identity = { issuer: `${origin}${ISSUER_PATH}`, audience: `${origin}/v1` };
  const started = await services.localIssuer({ ...identity, scopes: SCOPES, clients: CLIENTS });
  if (!started.ok) {
    context.complain(`portcullis: ${started.error}.\n`);
    return EXIT.unusable;
  }
  const issuer = started.value;
  const facts = { clients: clientsOf(issuer), dataFolder: DATA_FOLDER, tokenPath: `${ISSUER_PATH}/token`, program };
  try {
    return await services.startText({
      text: demoConfig({ ...identity, upstream: api.url, openapi: api.openapiFile, server: issuer, ports }),
      file: posix.join(workingFolder, NAME),
      json,
      banner: (ready) => demoBanner(ready, facts),
      facts: { tokenUrl: `${identity.issuer}/token`, clients: issuer.clients },
      canChooseAnew,
    });
  } finally {
    await issuer.close();
  }
}

function clientsOf({ clients }: LocalIssuer): readonly DemoClient[] {
  return clients.map((client) => ({
    ...client,
    roles: CLIENTS.find(({ id }) => id === client.id)?.roles ?? [],
  }));
}

interface DemoParts {
  readonly issuer: string;
  readonly audience: string;
  readonly upstream: string;
  readonly openapi: string;
  readonly server: LocalIssuer;
  readonly ports: GatewayPortNumbers;
}

function demoConfig({ issuer, audience, upstream, openapi, server, ports }: DemoParts): string {
  return `version: 1
server:
  https: { port: ${ports.https}, certificate: local }
  http: { port: ${ports.http} }
admin: { port: ${ports.admin} }
data: ./${DATA_FOLDER}
issuers:
  demo:
    issuer: ${issuer}
    audience: ${audience}
    algorithms: [ES256]
    typ: at+jwt
    jwks: ${server.jwksUrl}
    claims: { roles: roles }
roles:
  customer: { can: ['orders:read', 'orders:create'] }
  support: { includes: [customer], can: ['orders:refund', 'customers:read'] }
apis:
  orders:
    openapi: ${JSON.stringify(openapi)}
    basePath: /v1
    upstream: ${upstream}
    auth: [demo]
    limit: [300/min per user, 600/min per address]
    errors: helpful
    body: 16KiB
    leaks: default
    operations:
      listCustomers: { limit: 5/min per user }
  id:
    routes: ['* ${ISSUER_PATH}/{rest...}', 'GET /.well-known/oauth-authorization-server${ISSUER_PATH}']
    upstream: ${server.url}
    auth: public
    limit: 60/min per address
`;
}
