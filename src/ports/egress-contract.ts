import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { err, ok } from '../base/index.ts';
import { testKeeping } from './egress-keeping-contract.ts';
import {
  answerWith,
  HELLO,
  LOOPBACK,
  type MakeSubject,
  reasonOf,
  requestTo,
  resolverTo,
  startPeer,
} from './egress-peer-contract.ts';
import type { Resolver } from './resolver.ts';

/** What every Egress promises. */
export function egressContract(name: string, makeSubject: MakeSubject): void {
  describe(`${name} keeps the contract of Egress`, { timeout: 60_000 }, () => {
    testReplies(makeSubject);
    testReach(makeSubject);
    testPinning(makeSubject);
    testBounds(makeSubject);
    testPieces(makeSubject);
    testMalformed(makeSubject);
    testKeeping(makeSubject);
  });
}

function testReplies(makeSubject: MakeSubject): void {
  test('a reply comes back whole, its header names in lower case', async (t) => {
    const peer = await startPeer(t, answerWith(HELLO));
    const outcome = await makeSubject(LOOPBACK).egress.call(requestTo(`http://api.example:${peer.port}/a?b=c#d`));
    assert.ok(outcome.ok, reasonOf(outcome));
    assert.equal(outcome.value.status, 200);
    assert.equal(new TextDecoder().decode(outcome.value.body), 'hello');
    assert.equal(outcome.value.headers.get('content-length'), '5');
    assert.equal(outcome.value.headers.get('x-twice'), 'a, b');
    const head = peer.received.join('');
    assert.match(head, /^GET \/a\?b=c HTTP\/1\.1\r\n/);
    assert.match(head, new RegExp(`\r\nhost: api\\.example:${peer.port}\r\n`, 'i'));
    assert.doesNotMatch(head, /gzip|deflate|br\b/i);
  });

  test('a body and headers are sent as given', async (t) => {
    const peer = await startPeer(t, answerWith(HELLO));
    const body = new TextEncoder().encode('{"a":1}');
    const headers = { 'content-type': 'application/json', authorization: 'Bearer x' };
    const request = requestTo(`http://api.example:${peer.port}/`, { method: 'POST', headers, body });
    assert.equal(reasonOf(await makeSubject(LOOPBACK).egress.call(request)), 'replied');
    const sent = peer.received.join('');
    assert.match(sent, /^POST \/ HTTP\/1\.1\r\n/);
    assert.match(sent, /\r\ncontent-length: 7\r\n/i);
    assert.match(sent, /\r\nauthorization: Bearer x\r\n/i);
    assert.ok(sent.endsWith('\r\n\r\n{"a":1}'));
  });

  test('redirects are replies and are not followed', async (t) => {
    const target = await startPeer(t, answerWith(HELLO));
    const location = `http://127.0.0.1:${target.port}/`;
    const head = `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`;
    const peer = await startPeer(t, answerWith(head));
    const outcome = await makeSubject(LOOPBACK).egress.call(requestTo(`http://api.example:${peer.port}/`));
    assert.ok(outcome.ok && outcome.value.status === 302 && outcome.value.headers.get('location') === location);
    assert.equal(target.connections(), 0);
  });
}

function testReach(makeSubject: MakeSubject): void {
  const never = [
    '169.254.169.254',
    '169.254.170.2',
    'fe80::1',
    'fe80::1%eth0',
    '::ffff:169.254.169.254',
    'fd00:ec2::254',
  ];
  const privates = ['127.0.0.1', '10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '::1', 'fc00::1', '198.18.0.1'];
  const disguised = [
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '::127.0.0.1',
    '0.0.0.0',
    '::',
  ];
  const garbage = ['', 'localhost', '127.1', '0x7f.0.0.1', '1.2.3.4.5'];

  test('a name that resolves to a forbidden address is refused before any connection', async () => {
    for (const address of [...never, ...garbage]) {
      const outcome = await makeSubject(resolverTo(address)).egress.call(requestTo('http://api.example/'));
      assert.equal(reasonOf(outcome), 'forbidden-address', address);
    }
    for (const address of [...never, ...privates, ...disguised, ...garbage]) {
      const request = requestTo('https://api.example/', { reach: 'public' });
      assert.equal(reasonOf(await makeSubject(resolverTo(address)).egress.call(request)), 'forbidden-address', address);
    }
  });

  test('one forbidden address among good ones is enough', async () => {
    const resolver = resolverTo('1.1.1.1', '127.0.0.1');
    const outcome = await makeSubject(resolver).egress.call(requestTo('http://api.example/', { reach: 'public' }));
    assert.equal(reasonOf(outcome), 'forbidden-address');
  });

  test('an address in the URL is judged in every spelling, whatever a resolver would say', async () => {
    const loopback = ['127.0.0.1', '127.1', '0x7f.1', '0x7f000001', '017700000001', '0177.0.0.01', '2130706433'];
    const other = ['127.0.0.1.', '１２７.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[64:ff9b::7f00:1]'];
    const subject = makeSubject(resolverTo('1.1.1.1'));
    for (const host of [...loopback, ...other, '[::]', '0', '10.1', '169.254.169.254', '0xa9fea9fe', '2852039166']) {
      const outcome = await subject.egress.call(requestTo(`http://${host}:1/`, { reach: 'public' }));
      assert.equal(reasonOf(outcome), 'forbidden-address', host);
    }
    for (const host of [
      '169.254.169.254',
      '0xa9fea9fe',
      '2852039166',
      '[fe80::1]',
      '[::ffff:a9fe:a9fe]',
      '[fd00:ec2::254]',
    ]) {
      assert.equal(reasonOf(await subject.egress.call(requestTo(`http://${host}/`))), 'forbidden-address', host);
    }
  });
}

function testPinning(makeSubject: MakeSubject): void {
  test('the name is asked once, so that a second answer cannot lead elsewhere', async (t) => {
    const trap = await startPeer(t, answerWith(HELLO));
    let asked = 0;
    const rebinding: Resolver = {
      // 240.0.0.1 is reserved and nowhere reachable: only a second look-up could end at the trap.
      resolve: async () => ok([{ address: asked++ === 0 ? '240.0.0.1' : '127.0.0.1', family: 4 }]),
    };
    const { egress, advance } = makeSubject(rebinding);
    const call = egress.call(requestTo(`http://localhost:${trap.port}/`));
    // The system refuses such an address at once or never answers.
    setImmediate(() => setImmediate(() => advance(10_000)));
    assert.ok(['unreachable', 'timeout'].includes(reasonOf(await call)));
    assert.deepEqual([asked, trap.connections()], [1, 0]);
  });

  test('the address that was checked is connected to, though the name means nothing to the system', async (t) => {
    const peer = await startPeer(t, answerWith(HELLO));
    const call = makeSubject(LOOPBACK).egress.call(requestTo(`http://no-such-name.invalid:${peer.port}/`));
    assert.equal(reasonOf(await call), 'replied');
  });

  test('a name without an answer is unresolved', async () => {
    const unknown: Resolver = { resolve: async () => err('no such name') };
    for (const resolver of [unknown, resolverTo()]) {
      assert.equal(reasonOf(await makeSubject(resolver).egress.call(requestTo('http://api.example/'))), 'unresolved');
    }
  });
}

function testBounds(makeSubject: MakeSubject): void {
  test('a reply of more than the limit is refused, announced or not; one of exactly the limit is taken', async (t) => {
    const body = 'x'.repeat(1001);
    const chunks = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n${body}\r\n0\r\n\r\n`;
    const texts = [`HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n${body}`, chunks, `HTTP/1.1 200 OK\r\n\r\n${body}`];
    for (const text of texts) {
      const peer = await startPeer(t, answerWith(text));
      const { egress } = makeSubject(LOOPBACK);
      assert.equal(reasonOf(await egress.call(requestTo(`http://a.example:${peer.port}/`))), 'too-large');
      const roomy = requestTo(`http://a.example:${peer.port}/`, { limitBytes: 1001 });
      assert.equal(reasonOf(await egress.call(roomy)), 'replied');
    }
  });

  test('a reply without end is cut off at the limit', async (t) => {
    const peer = await startPeer(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const more = (): void => void (socket.destroyed || socket.write('x'.repeat(10_000), () => setImmediate(more)));
      more();
    });
    const outcome = await makeSubject(LOOPBACK).egress.call(requestTo(`http://a.example:${peer.port}/`));
    assert.equal(reasonOf(outcome), 'too-large');
  });

  test('the timeout holds for the whole call: resolving, waiting, and a body that trickles', async (t) => {
    const silent = await startPeer(t, () => advanceSoon());
    const trickling = await startPeer(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx', () => advanceSoon());
    });
    let advance: (ms: number) => void = () => {};
    const advanceSoon = (): void => void setImmediate(() => advance(10_000));
    for (const { port } of [silent, trickling]) {
      const subject = makeSubject(LOOPBACK);
      advance = subject.advance;
      assert.equal(reasonOf(await subject.egress.call(requestTo(`http://a.example:${port}/`))), 'timeout');
    }
    const stuck = makeSubject({ resolve: () => new Promise(() => {}) });
    const call = stuck.egress.call(requestTo('http://a.example/'));
    stuck.advance(10_000);
    assert.equal(reasonOf(await call), 'timeout');
  });
}

function testPieces(makeSubject: MakeSubject): void {
  test('a body that is wanted piece by piece comes as it is sent, within the limit, and only with status 200', async (t) => {
    const sent: Socket[] = [];
    const peer = await startPeer(t, (socket) => {
      sent.push(socket);
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
    });
    const { egress } = makeSubject(LOOPBACK);
    let text = '';
    const heard = Promise.withResolvers<void>();
    const receive = (piece: Uint8Array): void => {
      text += Buffer.from(piece).toString();
      heard.resolve();
    };
    const call = egress.call(requestTo(`http://a.example:${peer.port}/`, { receive }));
    await heard.promise;
    assert.equal(text, 'one', 'before the reply is over');
    sent[0]?.end('3\r\ntwo\r\n0\r\n\r\n');
    const reply = await call;
    assert.deepEqual([text, reply.ok && reply.value.body.length], ['onetwo', 0]);

    const other = await startPeer(t, answerWith(HELLO.replace('200 OK', '410 Gone')));
    const refused = await egress.call(
      requestTo(`http://a.example:${other.port}/`, { receive: () => assert.fail('no piece of it') }),
    );
    assert.deepEqual(refused.ok && [refused.value.status, Buffer.from(refused.value.body).toString()], [410, 'hello']);

    const third = await startPeer(t, answerWith(HELLO));
    const throwing = (): never => {
      throw new Error('enough');
    };
    const ended = await egress.call(requestTo(`http://a.example:${third.port}/`, { receive: throwing }));
    assert.equal(reasonOf(ended), 'malformed-reply');
    const fourth = await startPeer(t, answerWith(HELLO));
    const long = await egress.call(requestTo(`http://a.example:${fourth.port}/`, { receive: () => {}, limitBytes: 4 }));
    assert.equal(reasonOf(long), 'too-large');
  });
}

function testMalformed(makeSubject: MakeSubject): void {
  test('what is no plain http or https URL is refused', async () => {
    const { egress } = makeSubject(LOOPBACK);
    const urls = ['', 'a', '/a', 'ftp://a.example/', 'file:///etc/passwd', 'http://', 'http://user:pass@a.example/'];
    for (const url of [
      ...urls,
      'http://user@a.example/',
      'http://[fe80::1%25eth0]/',
      'http://a.example:99999/',
      'data:,x',
    ]) {
      assert.equal(reasonOf(await egress.call(requestTo(url))), 'malformed-url', url);
    }
  });

  test('headers cannot smuggle a second request or another host', async () => {
    const { egress } = makeSubject(LOOPBACK);
    const bad = [
      { a: 'b\r\nc: d' },
      { 'a\r\nb': 'c' },
      { 'a b': 'c' },
      { Host: 'evil' },
      { 'Transfer-Encoding': 'chunked' },
    ];
    for (const headers of [...bad, { 'content-length': '0' }] as readonly Record<string, string>[]) {
      const outcome = await egress.call(requestTo('http://a.example:1/', { headers }));
      assert.equal(reasonOf(outcome), 'malformed-url', JSON.stringify(headers));
    }
  });

  test('a reply that is no HTTP, ends early or is compressed is malformed', async (t) => {
    const texts = [
      'SSH-2.0-OpenSSH_9.9\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
      'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    ];
    for (const text of texts) {
      const peer = await startPeer(t, answerWith(text));
      const outcome = await makeSubject(LOOPBACK).egress.call(requestTo(`http://a.example:${peer.port}/`));
      assert.equal(reasonOf(outcome), 'malformed-reply', text.slice(0, 60));
    }
  });

  test('a port that nobody listens on, or a connection that is cut, is unreachable', async (t) => {
    const peer = await startPeer(t, (socket) => socket.resetAndDestroy());
    const { egress } = makeSubject(LOOPBACK);
    assert.equal(reasonOf(await egress.call(requestTo(`http://a.example:${peer.port}/`))), 'unreachable');
    assert.equal(reasonOf(await egress.call(requestTo('http://a.example:1/'))), 'unreachable');
  });
}
