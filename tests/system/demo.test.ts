import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  ClientSecretBasic,
  ClientSecretPost,
  clientCredentialsGrant,
  customFetch,
  discovery,
  fetchProtectedResource,
} from 'openid-client';
import { Agent, fetch as undiciFetch, type RequestInit } from 'undici';
import { run } from './command.ts';
import { PROGRAM } from './plain-configuration.ts';
import { curlIsMissing, staying, tryLine, variablesOf } from './shell-lines.ts';

interface ReadyDemo {
  readonly https: number;
  readonly ca: string;
  readonly tokenUrl: string;
  readonly clients: readonly { readonly id: string; readonly secret: string }[];
}

test('every line that the demo prints gives the status it is said to give', async (t) => {
  if (await curlIsMissing(t)) return;
  const outcome = await staying(['demo'], async ({ printed }, home) => {
    const banner = (await printed(/^[^]*Ctrl\+C stops it\.$/m))[0];
    assert.match(banner, /^ {2}CA +\.portcullis\/demo\/certificates\/local-ca\.pem /m);
    const tokens = await variablesOf(banner, home);
    assert.deepEqual(Object.keys(tokens), ['ADA', 'SAM']);
    for (const token of Object.values(tokens)) assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
    const trials = [...banner.matchAll(/^ {2}(\d{3}) {2}(.+)\n {7}(.+)$/gm)];
    assert.equal(trials.length, 14);
    for (const [, expected, shows = '', line = ''] of trials) {
      const { status, reply } = await tryLine(line, home, tokens);
      assert.equal(status, Number(expected), `${shows}: ${line}\n${reply}`);
      checkReply({ status, shows, reply });
    }
  });
  assert.deepEqual([outcome.code, outcome.signal], [0, null], outcome.stderr);
});

/** What each of those replies tells besides its status. */
function checkReply({ status, shows, reply }: { status: number; shows: string; reply: string }): void {
  if (status >= 400) assert.match(reply, /^content-type: application\/problem\+json\r$/im);
  if (status === 401) assert.match(reply, /^www-authenticate: Bearer/im);
  if (status === 405) assert.match(reply, /^allow: GET, HEAD, POST\r$/im);
  if (status === 429) {
    assert.match(reply, /^retry-after: [1-9]\d*\r$/im);
    const statuses = [...reply.matchAll(/^HTTP\/[\d.]+ (\d{3})/gm)].map(([, each]) => each);
    assert.deepEqual(statuses, ['200', '200', '200', '200', '200', '429']);
  }
  if (status === 308) assert.match(reply, /^location: https:\/\/localhost:\d+\/v1\/orders\r$/im);
  if (/the reply says where/.test(shows)) assert.match(reply, /"pointer":"#\/items\/0\/quantity"/);
  if (/what the API is told/.test(shows)) assert.match(reply, /\{"subject":"ada","roles":\["customer"\]\}/);
  if (/leaves masked/.test(shows)) assert.match(reply, /"note":"card \*{4} \*{4} \*{4} 1111"/);
  if (/makes an order/.test(shows)) assert.match(reply, /"ownerId":"ada"/);
}

test('the demo answers `status` and `audit show` on its data folder, as it says', async (t) => {
  if (await curlIsMissing(t)) return;
  await staying(['demo'], async ({ printed }, home) => {
    const banner = (await printed(/^[^]*Ctrl\+C stops it\.$/m))[0];
    const refused = /^ {2}401 {2}.+\n {7}(.+)$/m.exec(banner)?.[1] ?? '';
    await tryLine(refused, home);
    const line = /^ {2}\S*bin\/portcullis (audit show .+)$/m.exec(banner)?.[1] ?? '';
    const audit = await run(process.execPath, [PROGRAM, ...line.split(' ')], { cwd: home });
    assert.equal(audit.code, 0, audit.stderr);
    assert.match(audit.stdout, /listOrders[^]*401|401[^]*listOrders/);
    const status = await run(process.execPath, [PROGRAM, 'status', '--data', '.portcullis/demo'], { cwd: home });
    assert.deepEqual([status.code, status.stderr], [0, '']);
  });
});

test('a client that nobody here wrote gets tokens from the demo through the gateway, and they open the API', async () => {
  const outcome = await staying(['demo', '--json'], async ({ printed }, home) => {
    const ready = JSON.parse((await printed(/^\{"event":"ready".*\}$/m))[0]) as ReadyDemo;
    const ca = await readFile(join(home, '.portcullis', 'demo', 'certificates', 'local-ca.pem'), 'utf8');
    const dispatcher = new Agent({ connect: { ca } });
    try {
      const trusting = (url: string, options: object): Promise<Response> =>
        undiciFetch(url, { ...options, dispatcher } as RequestInit) as unknown as Promise<Response>;
      const origin = `https://localhost:${ready.https}`;
      assert.equal(ready.tokenUrl, `${origin}/id/token`);
      for (const [id, authenticate, refunded] of [
        ['ada', ClientSecretPost, 403],
        ['sam', ClientSecretBasic, 201],
      ] as const) {
        const secret = ready.clients.find((client) => client.id === id)?.secret ?? '';
        const algorithm = 'oauth2' as const;
        const server = await discovery(new URL(`${origin}/id`), id, {}, authenticate(secret), {
          algorithm,
          [customFetch]: trusting,
        });
        const { access_token: token, expires_in: lifetimeS } = await clientCredentialsGrant(server);
        assert.equal(lifetimeS, 3600);
        const call = (path: string, method: string, accessToken = token): Promise<number> =>
          statusOf(
            fetchProtectedResource(server, accessToken, new URL(`${origin}/v1${path}`), method, ...json(method)),
          );
        assert.equal(await call('/orders?status=paid', 'GET'), 200);
        assert.equal(await call('/orders/1/refunds', 'POST'), refunded);
        const narrow = await clientCredentialsGrant(server, { scope: 'orders:create' });
        assert.equal(await call('/orders', 'GET', narrow.access_token), 403, 'a scope narrows what the role permits');
      }
    } finally {
      await dispatcher.close();
    }
  });
  assert.equal(outcome.code, 0, outcome.stderr);
});

function json(method: string): [body: string | null, headers: Headers] {
  return method === 'POST'
    ? ['{"amountCents":5}', new Headers({ 'content-type': 'application/json' })]
    : [null, new Headers()];
}

/** The status of a reply; the client rejects where one demands another token. */
function statusOf(sent: Promise<Response>): Promise<number> {
  return sent.then(
    ({ status }) => status,
    (fault: { status?: number }) => fault.status ?? 0,
  );
}
