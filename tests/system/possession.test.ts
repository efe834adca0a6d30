import 'reflect-metadata';
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { generateKeyPair, generateProof } from 'dpop';
import { type Made, make, makeAuthority } from '../../src/wire/client-fixture.test.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { createFileIssuer, FILE_AUDIENCE, FILE_ISSUER, type FileIssuer } from './file-issuer.ts';
import type { Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { askOver, codeOf, ProvingClient, thumbprintOf, VERSIONS } from './possession-scene.ts';

let issuer: FileIssuer;
let upstream: LocalServer;
let gateway: GatewayProcess;
let ca: Made;
let partner: Made;
let stranger: Made;
/** The fields that came to the upstream last. */
let arrived: IncomingHttpHeaders | null = null;
let reached = 0;

before(async () => {
  issuer = await createFileIssuer();
  ca = await makeAuthority('CN=Partners');
  partner = await make({ by: ca, subject: 'CN=partner' });
  stranger = await make({ by: ca, subject: 'CN=stranger' });
  upstream = await startLocalServer((request, response) => {
    arrived = request.headers;
    reached++;
    response.end('reached');
  });
  gateway = await startGateway(
    `version: 1
server:
  threads: 2
  http: off
  https:
    port: 0
    acceptNodeBelowFloor: true
    hosts: { b2b.test: { clientCa: ./ca.pem } }
admin: { port: 0 }
data: ./data
issuers: { acme: { issuer: '${FILE_ISSUER}', audience: '${FILE_AUDIENCE}', jwks: ./keys.json } }
apis:
  orders: { routes: ['GET /orders/{id}', 'POST /orders/{id}'], upstream: '${upstream.url}', auth: [acme] }
  pay:
    routes: ['GET /pay', 'GET /pay/open', 'GET /pay/certificate']
    upstream: '${upstream.url}'
    auth: [acme]
    assurance: { proof: dpop }
    dpop: { nonce: required }
    operations: { GET /pay/open: { auth: public }, GET /pay/certificate: { assurance: { proof: mtls } } }
`,
    { beside: { 'keys.json': issuer.keys, 'ca.pem': ca.certPem } },
  );
  // Whoever made a proof before the gateway began is asked for a nonce, and times in proofs are whole seconds.
  await pause(1_100);
});

after(async () => {
  await gateway?.stop();
  upstream?.stop();
});

const target = (path: string): string => `https://localhost:${gateway.https}${path}`;

type Version = (typeof VERSIONS)[number];

function send(version: Version, path: string, headers: Record<string, string | string[]>, method = 'GET') {
  const host = `localhost:${gateway.https}`;
  return askOver({ port: gateway.https, ca: gateway.ca, version, path, method, headers: { host, ...headers } });
}

const challenge = (reply: Reply): string => String(reply.headers['www-authenticate']);

for (const version of VERSIONS) {
  describe(`over ${version}`, () => {
    for (const algorithm of ['ES256', 'RS256', 'PS256', 'Ed25519'] as const) {
      test(`a client with a key for ${algorithm} is let in by its proofs, and neither token nor proof goes upstream`, async () => {
        const client = await ProvingClient.create(issuer, algorithm);
        for (let n = 0; n < 2; n++) {
          const reply = await send(version, '/orders/7?a=1', await client.fields(target('/orders/7')));
          assert.equal(codeOf(reply), '200');
          assert.equal(arrived?.['x-portcullis-subject'], 'ada');
          assert.deepEqual([arrived?.authorization, arrived?.['dpop']], [undefined, undefined]);
        }
      });
    }

    test('a proof that was used is refused, whichever thread it comes to', async () => {
      const client = await ProvingClient.create(issuer);
      const fields = await client.fields(target('/orders/7'));
      const replies = await Promise.all(Array.from({ length: 20 }, () => send(version, '/orders/7', { ...fields })));
      const codes = replies.map(codeOf).toSorted();
      assert.deepEqual(codes, ['200', ...new Array<string>(19).fill('401 invalid-proof')]);
      assert.match(
        challenge(replies.find(({ status }) => status === 401) as Reply),
        /^DPoP realm="orders", error="invalid_dpop_proof", algs="ES256 /,
      );
    });

    test('a bound token is no bearer token, and none is taken for another key’s', async () => {
      const client = await ProvingClient.create(issuer);
      const other = await ProvingClient.create(issuer);
      const fields = await client.fields(target('/orders/7'));
      const before = reached;
      const bearer = await send(version, '/orders/7', { authorization: `Bearer ${client.token}` });
      assert.equal(codeOf(bearer), '401 invalid-token');
      assert.match(challenge(bearer), /^DPoP .*error="invalid_token"/);
      assert.equal(
        codeOf(await send(version, '/orders/7', { ...fields, authorization: `Bearer ${client.token}` })),
        '401 invalid-token',
      );
      assert.equal(
        codeOf(await send(version, '/orders/7', { authorization: fields['authorization'] as string })),
        '401 invalid-proof',
      );
      const stolen = await generateProof(other.key, target('/orders/7'), 'GET', undefined, client.token);
      assert.equal(codeOf(await send(version, '/orders/7', { ...fields, dpop: stolen })), '401 invalid-proof');
      assert.equal(codeOf(await send(version, '/orders/7', { dpop: fields['dpop'] as string })), '401 unauthenticated');
      assert.equal(
        codeOf(await send(version, '/orders/7', { ...fields, dpop: [fields['dpop'] as string, stolen] })),
        '401 invalid-proof',
      );
      assert.equal(reached, before);
    });

    test('a proof is of one method, one address and one token', async () => {
      const client = await ProvingClient.create(issuer);
      const proven = async (url: string, method = 'GET'): Promise<string> =>
        codeOf(await send(version, '/orders/7', await client.fields(url, method)));
      const { https } = gateway;
      assert.equal(await proven(`HTTPS://LOCALHOST.:${https}/orders/%37?x=1#y`), '200');
      assert.equal(await proven(target('/orders/8')), '401 invalid-proof');
      assert.equal(await proven(target('/Orders/7')), '401 invalid-proof');
      assert.equal(await proven(target('/orders/7'), 'POST'), '401 invalid-proof');
      assert.equal(await proven(target('/orders/7'), 'get'), '401 invalid-proof');
      assert.equal(await proven(`http://localhost:${https}/orders/7`), '401 invalid-proof');
      assert.equal(await proven('https://localhost/orders/7'), '401 invalid-proof');
      assert.equal(await proven(`https://localhost:${https}@evil.test/orders/7`), '401 invalid-proof');
      assert.equal(await proven(`https://evil.test/orders/7`), '401 invalid-proof');
    });
  });

  describe(`what is asked besides over ${version}`, () => {
    test('a token that is bound to nothing comes as a bearer’s and without a proof', async () => {
      const token = await issuer.sign({});
      const dpop = await generateProof(await generateKeyPair('ES256'), target('/orders/7'), 'GET', undefined, token);
      assert.equal(codeOf(await send(version, '/orders/7', { authorization: `Bearer ${token}` })), '200');
      assert.equal(
        codeOf(await send(version, '/orders/7', { authorization: `DPoP ${token}`, dpop })),
        '401 invalid-token',
      );
      assert.equal(
        codeOf(await send(version, '/orders/7', { authorization: `Bearer ${token}`, dpop })),
        '401 invalid-proof',
      );
    });

    test('an API that wants nonces gives one, and takes proofs with it alone', async () => {
      const client = await ProvingClient.create(issuer);
      const first = await send(version, '/pay', await client.fields(target('/pay')));
      assert.equal(codeOf(first), '401 proof-nonce-required');
      assert.match(challenge(first), /^DPoP realm="pay", error="use_dpop_nonce"/);
      const nonce = String(first.headers['dpop-nonce']);
      assert.equal(codeOf(await send(version, '/pay', await client.fields(target('/pay'), 'GET', nonce))), '200');
      assert.equal(
        codeOf(await send(version, '/orders/7', await client.fields(target('/orders/7'), 'GET', nonce))),
        '200',
      );
      const made = Buffer.from(nonce, 'base64url');
      made[made.length - 1] = (made[made.length - 1] as number) ^ 1;
      const forged = await client.fields(target('/pay'), 'GET', made.toString('base64url'));
      assert.equal(codeOf(await send(version, '/pay', forged)), '401 proof-nonce-required');
    });
  });

  describe(`what tokens are bound to over ${version}`, () => {
    test('an operation that wants bound tokens takes no others, and an open one wants none', async () => {
      const bearer = { authorization: `Bearer ${await issuer.sign({})}` };
      const reply = await send(version, '/pay', bearer);
      assert.equal(codeOf(reply), '401 credential-unbound');
      assert.match(challenge(reply), /^DPoP realm="pay", error="invalid_token"/);
      assert.equal(codeOf(await send(version, '/pay/certificate', bearer)), '401 credential-unbound');
      assert.equal(codeOf(await send(version, '/pay/open', {})), '200');
    });

    test('a token of a certificate is let in over a connection with this very one, and by no field', async () => {
      const bound = {
        authorization: `Bearer ${await issuer.sign({ cnf: { 'x5t#S256': thumbprintOf(partner.certPem) } })}`,
      };
      const shown = (by: Made | null, path: string, more = {}) =>
        askOver({
          ...{ port: gateway.https, ca: gateway.ca, version, path, certificate: by },
          headers: { host: 'b2b.test', ...bound, ...more },
        });
      assert.equal(codeOf(await shown(partner, '/orders/7')), '200');
      assert.equal(codeOf(await shown(partner, '/pay/certificate')), '200');
      assert.equal(codeOf(await shown(stranger, '/orders/7')), '401 invalid-token');
      const claimed = {
        'x-client-cert': encodeURIComponent(partner.certPem),
        'client-cert': `:${Buffer.from(partner.certPem).toString('base64')}:`,
      };
      assert.equal(codeOf(await shown(stranger, '/orders/7', claimed)), '401 invalid-token');
      assert.equal(codeOf(await send(version, '/orders/7', { ...bound, ...claimed })), '401 invalid-token');
      assert.equal(
        codeOf(await send(version, '/orders/7', { authorization: bound.authorization.replace('Bearer', 'DPoP') })),
        '401 invalid-token',
      );
    });

    test('what a token is bound to in a way that is not known here is refused', async () => {
      for (const cnf of [
        { jwk: {} },
        { kid: 'k' },
        { jkt: 'short' },
        {},
        'jkt',
        null,
        { jkt: 'a'.repeat(43), kid: 'k' },
        { jkt: 'A'.repeat(43), 'x5t#S256': 'short' },
      ]) {
        const token = await issuer.sign({ cnf } as never);
        assert.equal(
          codeOf(await send(version, '/orders/7', { authorization: `Bearer ${token}` })),
          '401 invalid-token',
          JSON.stringify(cnf),
        );
      }
    });
  });

  describe(`what tokens are bound to twice over ${version}`, () => {
    test('a token of a key and of a certificate opens nothing without both', async () => {
      const client = await ProvingClient.create({
        sign: ({ cnf }) => issuer.sign({ cnf: { ...(cnf as object), 'x5t#S256': thumbprintOf(partner.certPem) } }),
      });
      const shown = async (by: Made | null, headers: Readonly<Record<string, string>>) =>
        codeOf(
          await askOver({
            ...{ port: gateway.https, ca: gateway.ca, version, path: '/orders/7', certificate: by },
            headers: { host: 'b2b.test', ...headers },
          }),
        );
      const address = 'https://b2b.test/orders/7';
      assert.equal(await shown(partner, await client.fields(address)), '200');
      assert.equal(await shown(stranger, await client.fields(address)), '401 invalid-token');
      assert.equal(
        codeOf(await send(version, '/orders/7', await client.fields(target('/orders/7')))),
        '401 invalid-token',
      );
      const authorization = `DPoP ${client.token}`;
      assert.equal(await shown(partner, { authorization: `Bearer ${client.token}` }), '401 invalid-token');
      assert.equal(await shown(partner, { authorization }), '401 invalid-proof');
      const other = await ProvingClient.create(issuer);
      const foreign = { ...(await other.fields(address)), authorization };
      assert.equal(await shown(partner, foreign), '401 invalid-proof');
    });
  });
}
