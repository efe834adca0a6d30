import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { run } from './command.ts';
import { until } from './eventually.ts';
import { createFileIssuer, FILE_AUDIENCE, FILE_ISSUER } from './file-issuer.ts';
import { type GraphqlServer, SHOP_SCHEMA, startGraphqlServer } from './graphql-server.ts';
import { PROGRAM } from './plain-configuration.ts';

let token: string;
let server: GraphqlServer;
let gateway: GatewayProcess;

const SHOP = `graphql: { schema: ./schema.graphql, subscriptions: pass }
    operations: { Subscription.forever: { needs: live } }`;

/** What its server answers, and the gateway refuses where it reads it. */
const SCHEMA_ASKED = '{ __schema { queryType { name } } }';

const configuration = (url: string, shop: string): string => `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
issuers: { acme: { issuer: '${FILE_ISSUER}', audience: '${FILE_AUDIENCE}', jwks: ./keys.json, claims: { roles: roles } } }
roles: { watcher: { can: [live] } }
apis:
  shop:
    routes: ['POST /graphql']
    upstream: ${url}
    auth: [acme]
    ${shop}
`;

before(async () => {
  const issuer = await createFileIssuer();
  token = await issuer.tokenOf({ subject: 'ada', roles: ['watcher'] });
  server = await startGraphqlServer();
  gateway = await startGateway(configuration(server.url, SHOP), {
    beside: { 'keys.json': issuer.keys, 'schema.graphql': SHOP_SCHEMA },
  });
});

after(async () => {
  await gateway?.stop();
  await server?.stop();
});

/** Asks, and gives the reply as soon as its head is there. */
async function ask(query: string): Promise<IncomingMessage> {
  const { https: port, ca } = gateway;
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'text/event-stream',
  };
  const sent = request({ host: 'localhost', port, ca, path: '/graphql', method: 'POST', headers, agent: false });
  sent.end(JSON.stringify({ query }));
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  return reply;
}

/** Puts another text in the place of the configuration. */
async function rewrite(from: string, to: string): Promise<void> {
  const text = await readFile(join(gateway.folder, 'portcullis.yaml'), 'utf8');
  assert.ok(text.includes(from));
  await install(text.replace(from, to));
}

async function install(text: string): Promise<void> {
  const file = join(gateway.folder, 'portcullis.yaml');
  await writeFile(`${file}.next`, text);
  await rename(`${file}.next`, file);
}

/** Puts what is said of the API in the place of what was, and waits until this is in force. */
async function installShop(shop: string, isInForce: () => Promise<boolean>): Promise<void> {
  await install(configuration(server.url, shop));
  await until(`the reload is in force: ${shop}`, isInForce);
}

/** A stream that has begun, and its end. */
async function begun(query: string): Promise<{ readonly ended: Promise<unknown> }> {
  const reply = await ask(query);
  assert.equal(reply.statusCode, 200);
  const ended = once(reply, 'close');
  await once(reply, 'data');
  reply.resume();
  return { ended };
}

async function statusOf(query: string): Promise<number | undefined> {
  const reply = await ask(query);
  reply.destroy();
  return reply.statusCode;
}

/** Waits until the ledger says that a stream has ended with this problem. */
async function recordedEnd(problem: string, rule: string | null = 'Subscription.forever', count = 1): Promise<void> {
  const words = [PROGRAM, 'audit', 'show', '--json', '--last', '50', '--data', join(gateway.folder, 'data')];
  await until(`a stream has ended in the ledger with ${problem}`, async () => {
    const { stdout } = await run(process.execPath, words);
    const { rows } = JSON.parse(stdout) as { readonly rows: readonly Row[] };
    return rows.filter((row) => row.rule === rule && row.completion?.problem === problem).length >= count;
  });
}

/** A row of `audit show --json`, as far as it is looked at. */
interface Row {
  readonly rule: string | null;
  readonly completion: { readonly problem: string | null } | null;
}

test('a subscription passes where subscriptions do, and ends when its caller may no longer ask for it', async () => {
  const reply = await ask('subscription { forever }');
  assert.equal(reply.statusCode, 200);
  assert.equal(reply.headers['content-type'], 'text/event-stream');
  const ended = once(reply, 'close');
  await once(reply, 'data');
  reply.resume();
  await rewrite('Subscription.forever: {', 'Query.me: { needs: other }, Subscription.forever: {');
  await until('the reload is in force', async () => (await statusOf('{ me { name } }')) === 403);
  await rewrite('can: [live]', 'can: [other]');
  await ended;
  await recordedEnd('forbidden');
  assert.equal(await statusOf('subscription { forever }'), 403);
});

test('a subscription ends as by any reload when the schema has its field no more', async () => {
  await rewrite('can: [other]', 'can: [live]');
  await until('the reload is in force', async () => (await statusOf('subscription { forever }')) === 200);
  const reply = await ask('subscription { forever }');
  const ended = once(reply, 'close');
  await once(reply, 'data');
  reply.resume();
  await writeFile(join(gateway.folder, 'less.graphql'), SHOP_SCHEMA.replace(', forever: Int!', ''));
  await rewrite(
    './schema.graphql, subscriptions: pass }\n    operations: { Query.me: { needs: other }, Subscription.forever: { needs: live } }',
    './less.graphql, subscriptions: pass }',
  );
  await ended;
  await recordedEnd('gateway-overloaded');
  assert.equal(await statusOf('subscription { forever }'), 400);
});

test('a subscription ends where no more are let through, although nobody reads its reply', async () => {
  const passing = 'graphql: { schema: ./schema.graphql, errors: pass, subscriptions: pass }';
  await installShop(passing, async () => (await statusOf('subscription { forever }')) === 200);
  const { ended } = await begun('subscription { forever }');
  await installShop(
    passing.replace('subscriptions: pass', 'subscriptions: refuse'),
    async () => (await statusOf('subscription { forever }')) === 403,
  );
  await ended;
  await recordedEnd('gateway-overloaded', 'Subscription.forever', 2);
});

test('a stream of which nobody has read what it asks for ends when its API is said to speak GraphQL', async () => {
  await installShop('limit: 1000/s per address', async () => (await statusOf(SCHEMA_ASKED)) === 200);
  const { ended } = await begun('subscription { forever }');
  await installShop(SHOP, async () => (await statusOf(SCHEMA_ASKED)) === 403);
  await ended;
  await recordedEnd('gateway-overloaded', null);
});

test('a query is not answered by a stream, whose errors nobody masks', async () => {
  await installShop(SHOP, async () => (await statusOf(SCHEMA_ASKED)) === 403);
  assert.equal(await statusOf('{ explode }'), 502);
  assert.equal(await statusOf('subscription { ticks(to: 1) }'), 200);
});
