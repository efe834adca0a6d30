import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, decode, encode } from 'dns-packet';
import { createSystemReverseResolver } from '../../src/adapters/index.ts';
import { until } from './eventually.ts';
import { ask } from './https-client.ts';
import { startLocalServer } from './local-server.ts';
import { startedNode } from './node.ts';

/** What reverse zones say, which whoever holds an address writes. */
const POINTERS: Readonly<Record<string, readonly string[]>> = {
  '1.2.0.192.in-addr.arpa': ['a.partner.example'],
  // Says that it is somebody else: the name does not lead back.
  '66.2.0.192.in-addr.arpa': ['a.partner.example'],
  '3.2.0.192.in-addr.arpa': ['bot.scanner.example'],
  '4.2.0.192.in-addr.arpa': ['*.partner.example', 'no name at all', 'b.partner.example'],
};
const FORWARD: Readonly<Record<string, readonly string[]>> = {
  'a.partner.example': ['192.0.2.1', '2001:db8::1'],
  'bot.scanner.example': ['192.0.2.3'],
  'b.partner.example': ['192.0.2.4'],
};

let names: Socket;
let asked: string[] = [];
let https = 0;
let ca = '';
let stop = (): Promise<void> => Promise.resolve();

before(async () => {
  names = createSocket('udp4');
  names.on('message', (message, { port, address }) => {
    const { id, questions = [] } = decode(message);
    const [question] = questions;
    asked.push(question?.name ?? '');
    const name = question?.name ?? '';
    const pointers = POINTERS[name]?.map((data): Answer => ({ name, type: 'PTR', ttl: 60, data })) ?? [];
    const found: readonly Answer[] =
      FORWARD[name]?.map((data) => ({ name, type: data.includes(':') ? 'AAAA' : 'A', ttl: 60, data })) ?? pointers;
    const answers = found.filter(({ type }) => type === question?.type);
    names.send(
      encode({ type: 'response', id: id ?? 0, flags: found.length > 0 ? 0 : 3, questions, answers }),
      port,
      address,
    );
  });
  names.bind(0, '127.0.0.1');
  await once(names, 'listening');
  const upstream = await startLocalServer((_request, reply) => void reply.end('served'));
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-names-'));
  const reverse = createSystemReverseResolver({ servers: [`127.0.0.1:${names.address().port}`] });
  const node = await startedNode(folder, configuration(upstream.port), () => ({ reverse }));
  https = node.ports.https;
  ca = await readFile(node.caFile, 'utf8');
  stop = async () => {
    await node.stop();
    names.close();
    upstream.stop();
    await rm(folder, { recursive: true, force: true });
  };
});

after(() => stop());

function configuration(port: number): string {
  return `version: 1
server: { https: { port: 0, certificate: local }, http: off, threads: 2 }
admin: { port: 0 }
data: ./data
trustedProxies: [127.0.0.1]
deny: { reverseNames: ['*.scanner.example'] }
apis:
  open: { routes: ['GET /open'], upstream: 'http://127.0.0.1:${port}', auth: public }
  partners:
    routes: ['GET /partners']
    upstream: http://127.0.0.1:${port}
    auth: public
    allow: { reverseNames: ['*.partner.example'] }
`;
}

async function statusOf(client: string, path: string): Promise<number> {
  return (await ask({ port: https, ca, path, headers: { 'x-forwarded-for': client } })).status;
}

/** Whether it comes to this status, and stays: two threads find out each by itself. */
async function comesTo(client: string, path: string, wanted: number): Promise<void> {
  let same = 0;
  await until(`${client} ${path}: ${wanted}`, async () => {
    same = (await statusOf(client, path)) === wanted ? same + 1 : 0;
    return same === 8;
  });
}

test('a client whose name leads back to it is let in once that is known, and not before', async () => {
  assert.equal(await statusOf('192.0.2.1', '/partners'), 403);
  await comesTo('192.0.2.1', '/partners', 200);
});

test('a client that gives itself the name of another is not let in', async () => {
  asked = [];
  assert.equal(await statusOf('192.0.2.66', '/partners'), 403);
  await until('its name is asked for', () => asked.includes('66.2.0.192.in-addr.arpa'));
  for (let turn = 0; turn < 10; turn++) {
    assert.equal(await statusOf('192.0.2.66', '/partners'), 403);
    await delay(20);
  }
});

test('names that are none are passed over, and the sound one of them counts', async () => {
  await comesTo('192.0.2.4', '/partners', 200);
});

test('a client with a denied name comes in until that is known, and then not', async () => {
  await comesTo('192.0.2.3', '/open', 403);
  await comesTo('192.0.2.1', '/open', 200);
});

test('a client without a name is asked for once, and denied by no list', async () => {
  const pointer = '200.2.0.192.in-addr.arpa';
  assert.equal(await statusOf('192.0.2.200', '/open'), 200);
  await until('its name is asked for', () => asked.includes(pointer));
  await comesTo('192.0.2.200', '/open', 200);
  await comesTo('192.0.2.200', '/partners', 403);
  assert.equal(asked.filter((name) => name === pointer).length, 1);
});
