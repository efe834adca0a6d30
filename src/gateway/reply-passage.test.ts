import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  deny,
  type OwnReply,
  PASS,
  type PolicyKind,
  type ReplyView,
  type Step,
  type ResponseEditor,
  type Verdict,
} from '../policy/index.ts';
import {
  type Bench,
  chunkedReply,
  codeOf,
  kindOf,
  OK_REPLY,
  replyText,
  rest,
  startBench,
  step,
  until,
} from './fixture.test.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n';
const HEAD = GET.replace('GET', 'HEAD');

type Respond = Step<'respond'>['run'];

/** A policy that does one thing to every reply; with `body` it reads it. */
function editing(run: Respond, body: 'none' | 'raw' | 'parsed' = 'none', kind = 'p'): PolicyKind<never> {
  return kindOf(kind, { respond: step<'respond'>(run, { response: body }) });
}

/** A policy that only edits. */
function editor(run: (editor: ResponseEditor) => void, body: 'none' | 'raw' = 'none', kind = 'p'): PolicyKind<never> {
  return editing((_exchange, _reply, given) => (run(given), PASS), body, kind);
}

function answering(bench: Bench, reply: string | Buffer): void {
  bench.upstream.respond = ({ socket }) => void socket.write(reply);
}

const count = (head: string, name: string): number => head.toLowerCase().split(`\r\n${name}: `).length - 1;

test('headers of a reply are set, appended and removed, whoever gave it', async (t) => {
  const bench = await startBench(t, {
    api: "routes: ['GET /x']",
    kinds: [
      editor((each) => {
        each.setHeader('Cache-Control', 'private');
        each.appendHeader('vary', 'b');
        each.removeHeader('server');
      }),
    ],
  });
  answering(bench, replyText('{}', 'cache-control: public\r\nCache-Control: x\r\nvary: a\r\nServer: s\r\nkept: 1'));
  const reply = await bench.ask(GET);
  assert.deepEqual(
    [reply.headers['cache-control'], reply.headers['vary'], reply.headers['server'], reply.headers['kept']],
    ['private', 'a, b', undefined, '1'],
  );
  const refused = await bench.ask('POST /x HTTP/1.1\r\nhost: x.example\r\ncontent-length: 0\r\n\r\n');
  assert.equal(refused.status, 405);
});

test('refusals behind the matching of an operation go through respond too', async (t) => {
  const seen: string[] = [];
  const bench = await startBench(t, {
    kinds: [
      kindOf('q', { admit: step(() => deny({ code: 'forbidden' })) }),
      editing((_exchange, reply, edits) => {
        seen.push(`${reply.source} ${reply.status} ${reply.headers.get('cache-control')}`);
        edits.setHeader('x-added', 'yes');
        edits.setHeader('cache-control', 'no-cache');
        return PASS;
      }),
      editing((_exchange, reply) => (seen.push(`${reply.headers.get('cache-control')}`), PASS), 'none', 'r'),
    ],
  });
  const reply = await bench.ask(GET);
  assert.equal(codeOf(reply), 'forbidden');
  assert.deepEqual([reply.headers['x-added'], reply.headers['cache-control']], ['yes', 'no-cache']);
  assert.equal(count(reply.head, 'cache-control'), 1);
  // Every step sees the reply as it was given, whatever others have made of it.
  assert.deepEqual(seen, ['gateway 403 no-store', 'no-store']);
});

test('a respond step that edits what it may not has failed, and nothing half edited goes out', async (t) => {
  for (const edit of [
    (each: ResponseEditor) => each.setHeader('content-length', '0'),
    (each: ResponseEditor) => each.appendHeader('a', 'b\r\nc: d'),
    (each: ResponseEditor) => each.replaceBody(Buffer.from('x')),
  ]) {
    const judge: Respond = (_exchange, reply, each) => {
      if (reply.source === 'gateway') return PASS;
      each.setHeader('x-half', '1');
      edit(each);
      return PASS;
    };
    const bench = await startBench(t, { kinds: [editing(judge)] });
    const reply = await bench.ask(GET);
    assert.equal(codeOf(reply), 'gateway-fault');
    assert.equal(reply.headers['x-half'], undefined);
    assert.equal(bench.alerts.length, 1);
  }
});

test('a throw on the upstream’s reply is a refusal, and a throw on that is a cut', async (t) => {
  let fails: (reply: ReplyView) => boolean = (reply) => reply.source === 'upstream';
  let released = 0;
  const bench = await startBench(t, {
    kinds: [
      kindOf('p', {
        respond: step(
          (_exchange, reply) => {
            if (fails(reply)) throw new Error('boom');
            return PASS;
          },
          { release: () => released++ },
        ),
      }),
    ],
  });
  const reply = await bench.ask(GET);
  assert.deepEqual([reply.status, codeOf(reply)], [503, 'gateway-fault']);
  assert.deepEqual([bench.alerts.length, released], [1, 1]);
  fails = () => true;
  const client = bench.client().send(GET);
  assert.equal(await client.end(), '');
  assert.deepEqual([bench.alerts.length, released, bench.gateway.inFlight], [3, 2, 0]);
  const completion = bench.records.at(-1);
  assert.ok(completion?.kind === 'completion');
  assert.deepEqual([completion.status, completion.problem, completion.complete], [0, 'gateway-fault', false]);
});

test('a deny of the upstream’s reply takes its place; a deny of that is a cut and an alarm', async (t) => {
  let judge: Respond = (_exchange, reply) =>
    reply.source === 'upstream' ? deny({ code: 'upstream-refused-body' }, 'r') : PASS;
  const bench = await startBench(t, { kinds: [editing((...given) => judge(...given))] });
  assert.equal(codeOf(await bench.ask(GET)), 'upstream-refused-body');
  assert.equal(bench.alerts.length, 0);
  judge = () => deny({ code: 'forbidden' });
  assert.equal(await bench.client().send(GET).end(), '');
  assert.equal(bench.alerts.length, 1);
});

test('the completion says who decided on the reply, and only what the intent does not', async (t) => {
  let judge: Respond = () => PASS;
  let admits: Verdict = PASS;
  const kind = kindOf('p', { admit: step(() => admits), respond: step((...given) => judge(...given)) });
  const bench = await startBench(t, { kinds: [kind] });
  const recorded = async (): Promise<readonly unknown[]> => {
    await bench.ask(GET);
    const records = bench.records.splice(0);
    return records.map((record) => (record.kind === 'change' ? null : [record.problem, record.policy, record.rule]));
  };
  const problem = { code: 'upstream-reply-invalid' } as const;
  const nobody = [null, null, null];
  assert.deepEqual(await recorded(), [nobody, nobody]);
  judge = (_exchange, reply) => (reply.source === 'upstream' ? deny(problem, 'r') : PASS);
  assert.deepEqual(await recorded(), [nobody, ['upstream-reply-invalid', 'a/p', 'r']]);
  judge = (_exchange, reply) => (reply.source === 'upstream' ? { kind: 'note', problem, rule: 'n' } : PASS);
  assert.deepEqual(await recorded(), [nobody, ['upstream-reply-invalid', 'a/p', 'n']]);
  admits = deny({ code: 'forbidden' }, 'r');
  assert.deepEqual(await recorded(), [
    ['forbidden', 'a/p', 'r'],
    ['forbidden', null, null],
  ]);
});

test('who noted something is not said to have ended what ended for another reason', async (t) => {
  const noting = editing((_exchange, { source }) =>
    source === 'upstream' ? { kind: 'note', problem: { code: 'upstream-reply-invalid' }, rule: 'n' } : PASS,
  );
  const bench = await startBench(t, { kinds: [noting] });
  bench.upstream.respond = ({ socket }) => void socket.end('HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nhalf');
  bench.client().send(GET);
  await until(() => bench.records.length === 2);
  const end = bench.records.at(-1);
  assert.ok(end?.kind === 'completion');
  assert.deepEqual([end.problem, end.policy, end.rule], ['upstream-incomplete-reply', null, null]);
});

test('respond says pass or deny, and nothing else', async (t) => {
  for (const verdict of [
    { kind: 'wait', untilMs: 0 },
    { kind: 'reply', response: {} },
    { kind: 'abstain' },
    undefined,
    null,
  ]) {
    const judge: Respond = (_exchange, reply) => (reply.source === 'upstream' ? (verdict as Verdict) : PASS);
    const bench = await startBench(t, { kinds: [editing(judge)] });
    assert.equal(codeOf(await bench.ask(GET)), 'gateway-fault', JSON.stringify(verdict));
    assert.equal(bench.alerts.length, 1);
  }
});

test('a promise in respond holds the reply, for ten seconds at most', async (t) => {
  let pending = Promise.withResolvers<Verdict>();
  let entered = 0;
  const judge: Respond = (_exchange, reply) => (reply.source === 'upstream' ? (entered++, pending.promise) : PASS);
  const bench = await startBench(t, { kinds: [editing(judge)] });
  const held = bench.client().send(GET);
  await until(() => entered === 1);
  await rest();
  assert.equal(held.received, '');
  pending.resolve(PASS);
  assert.equal((await held.reply()).status, 200);
  pending = Promise.withResolvers();
  const failed = bench.client().send(GET);
  await until(() => entered === 2);
  pending.reject(new Error('boom'));
  assert.equal(codeOf(await failed.reply()), 'gateway-fault');
  pending = Promise.withResolvers();
  const endless = bench.client().send(GET);
  await until(() => entered === 3);
  bench.clock.pass(10_000);
  assert.equal(codeOf(await endless.reply()), 'gateway-fault');
  pending.resolve(PASS);
  await rest();
  assert.equal(endless.received, '');
  assert.equal(bench.alerts.length, 2);
});

test('what comes while respond waits is held within one read, and follows in order', async (t) => {
  const pending = Promise.withResolvers<Verdict>();
  let entered = 0;
  const bench = await startBench(t, { kinds: [editing(() => (entered++, pending.promise))] });
  const size = 8 * 1024 * 1024;
  const body = Buffer.alloc(size, 'abcdefg');
  let sentAll = false;
  bench.upstream.respond = ({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
    setImmediate(() => socket.write(body, () => (sentAll = true)));
  };
  const client = bench.client().send(GET);
  await until(() => entered === 1);
  await rest();
  await rest();
  assert.equal(sentAll, false, 'the gateway goes on reading');
  pending.resolve(PASS);
  assert.ok((await client.reply()).body.equals(body));
});

test('a whole short reply that came while respond waits is given when it has spoken', async (t) => {
  const pending = Promise.withResolvers<Verdict>();
  let entered = 0;
  const bench = await startBench(t, { kinds: [editing(() => (entered++, pending.promise))] });
  bench.upstream.respond = ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na');
    setImmediate(() => {
      socket.write('b');
      setImmediate(() => socket.write('cd'));
    });
  };
  const client = bench.client().send(GET);
  await until(() => entered === 1);
  await rest();
  pending.resolve(PASS);
  assert.equal((await client.reply()).body.toString(), 'abcd');
});

test('a client that leaves while respond waits gets nothing, and nothing goes on', async (t) => {
  const pending = Promise.withResolvers<Verdict>();
  let entered = 0;
  let edits: ResponseEditor | null = null;
  const bench = await startBench(t, {
    kinds: [editing((_exchange, _reply, given) => (entered++, (edits = given), pending.promise))],
  });
  const client = bench.client().send(GET);
  await until(() => entered === 1);
  client.socket.resetAndDestroy();
  await until(() => bench.gateway.inFlight === 0);
  pending.resolve(PASS);
  await rest();
  // An editor that somebody kept edits nothing any more, and does no harm.
  (edits as ResponseEditor | null)?.setHeader('a', 'b');
  assert.deepEqual([bench.alerts.length, bench.clock.waiting], [0, 0]);
  assert.equal(bench.records.filter((record) => record.kind === 'completion').length, 1);
});

test('an upstream that fails while respond waits is a refusal, once', async (t) => {
  const pending = Promise.withResolvers<Verdict>();
  let entered = 0;
  const judge: Respond = (_exchange, reply) => (reply.source === 'upstream' ? (entered++, pending.promise) : PASS);
  const bench = await startBench(t, { kinds: [editing(judge)] });
  bench.upstream.respond = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\na');
  const client = bench.client().send(GET);
  await until(() => entered === 1);
  for (const socket of bench.upstream.sockets) socket.resetAndDestroy();
  assert.equal(codeOf(await client.reply()), 'upstream-incomplete-reply');
  pending.resolve(PASS);
  await rest();
  assert.equal(client.received, '');
  assert.equal(bench.records.filter((record) => record.kind === 'completion').length, 1);
});

test('a reply that was given up stays so, also while the refusal in its place waits', async (t) => {
  const pending = { upstream: Promise.withResolvers<Verdict>(), gateway: Promise.withResolvers<Verdict>() };
  const entered: string[] = [];
  const bench = await startBench(t, {
    kinds: [editing((_exchange, reply) => (entered.push(reply.source), pending[reply.source].promise))],
  });
  bench.upstream.respond = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\na');
  const client = bench.client().send(GET);
  await until(() => entered.length === 1);
  for (const socket of bench.upstream.sockets) socket.resetAndDestroy();
  await until(() => entered.length === 2);
  pending.upstream.resolve(PASS);
  await rest();
  assert.equal(client.received, '');
  // The time of the one that waits now is not over with that of the other.
  bench.clock.pass(9_000);
  await rest();
  pending.gateway.resolve(PASS);
  assert.equal(codeOf(await client.reply()), 'upstream-incomplete-reply');
  assert.deepEqual(bench.alerts, []);
});

test('a replaced body has its own length, however the old one came', async (t) => {
  const bench = await startBench(t, { kinds: [editor((each) => each.replaceBody(Buffer.from('é!')), 'raw')] });
  for (const reply of [
    replyText('longer than that', 'content-type: a/b\r\netag: "1"'),
    chunkedReply('long', 'etag: "1"'),
    replyText('', 'etag: "1"'),
  ]) {
    answering(bench, reply);
    const given = await bench.ask(GET);
    assert.equal(given.body.toString(), 'é!');
    assert.equal(given.headers['content-length'], '3');
    assert.equal(given.headers['transfer-encoding'], undefined);
    assert.equal(given.headers['etag'], undefined);
  }
});

test('of several steps that replace the body each sees what the one before made of it', async (t) => {
  const append =
    (text: string): Respond =>
    (_exchange, reply, edits) => {
      edits.replaceBody(Buffer.concat([reply.body('raw'), Buffer.from(text)]));
      return PASS;
    };
  const bench = await startBench(t, {
    kinds: [editing(append('1'), 'raw', 'p'), editing(append('2'), 'raw', 'q'), editing(() => PASS, 'none', 'r')],
  });
  answering(bench, replyText('0', 'content-type: text/plain'));
  assert.equal((await bench.ask(GET)).body.toString(), '012');
});

test('a body that another step can not read is the fault of the step that made it', async (t) => {
  const bench = await startBench(t, {
    kinds: [editor((each) => each.replaceBody(Buffer.from('{')), 'raw', 'p'), editing(() => PASS, 'parsed', 'q')],
  });
  answering(bench, replyText('{}'));
  assert.equal(codeOf(await bench.ask(GET)), 'gateway-fault');
  assert.deepEqual(
    bench.alerts.map((alert) => alert.key),
    ['a/p'],
  );
});

test('a body that a step has made is read by the fields that it gave it, and none that it coded', async (t) => {
  const making = (name: string, value: string): PolicyKind<never> =>
    editor((each) => (each.replaceBody(Buffer.from('{"a":1}')), each.setHeader(name, value)), 'raw', 'p');
  const read: unknown[] = [];
  const reader = editing((_exchange, reply) => (read.push(reply.body('parsed').kind), PASS), 'parsed', 'q');
  const retyped = await startBench(t, { kinds: [making('content-type', 'application/json'), reader] });
  answering(retyped, replyText('a', 'content-type: text/plain'));
  assert.equal((await retyped.ask(GET)).body.toString(), '{"a":1}');
  assert.deepEqual(read, ['json']);
  const coded = await startBench(t, { kinds: [making('content-encoding', 'gzip'), reader] });
  answering(coded, replyText('{}'));
  assert.equal(codeOf(await coded.ask(GET)), 'gateway-fault');
});

test('a head of a step is about replies of the upstream, also those it is not about, and reads none of them', async (t) => {
  const met: string[] = [];
  const reading: Step<'respond'> = {
    ...step<'respond'>(() => assert.fail('it is about none'), { response: 'raw' }),
    concerns: () => false,
    replyHead: (_exchange, { status, source }) => (met.push(`${source} ${status}`), PASS),
  };
  const bench = await startBench(t, {
    kinds: [
      kindOf('p', {
        admit: step(({ request: { headers } }) => (headers.has('x-out') ? deny({ code: 'forbidden' }, 'r') : PASS)),
        respond: reading,
      }),
    ],
  });
  bench.upstream.respond = ({ socket }) => void socket.write('HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\na');
  const client = bench.client().send(GET);
  await until(() => client.received.toString().endsWith('\r\n\r\na'));
  assert.equal((await bench.ask(GET.replace('\r\n\r\n', '\r\nx-out: 1\r\n\r\n'))).status, 403);
  assert.deepEqual(met, ['upstream 200']);
});

test('HEAD, 204 and 304 never have a body, whatever a step makes of it', async (t) => {
  const bench = await startBench(t, { kinds: [editor((each) => each.replaceBody(Buffer.from('xyz')), 'raw')] });
  answering(bench, 'HTTP/1.1 200 OK\r\ncontent-type: a/b\r\ncontent-length: 77\r\n\r\n');
  const head = await bench.ask(HEAD);
  // How long the edited body would be is not known.
  assert.deepEqual([head.status, head.headers['content-length']], [200, undefined]);
  for (const status of [204, 304]) {
    answering(bench, `HTTP/1.1 ${status} X\r\netag: "1"\r\n\r\n`);
    const client = bench.client().send(GET + GET);
    assert.equal((await client.reply()).status, status);
    // What stood behind the head would be read as the next reply.
    assert.equal((await client.reply()).status, status);
  }
  const bytes = bench.records.map((record) => (record.kind === 'completion' ? record.responseBytes : 0));
  assert.deepEqual(new Set(bytes), new Set([0]));
});

test('HEAD tells the length that GET would have, where nobody reads the body', async (t) => {
  const bench = await startBench(t, { kinds: [editor((each) => each.setHeader('a', 'b'))] });
  answering(bench, 'HTTP/1.1 200 OK\r\ncontent-length: 77\r\n\r\n');
  const client = bench.client().send(HEAD);
  assert.equal((await client.reply('HEAD')).headers['content-length'], '77');
  answering(bench, OK_REPLY);
  client.send(GET);
  assert.equal((await client.reply()).body.toString(), 'ok');
});

test('steps that read bodies see an empty one on HEAD', async (t) => {
  const seen: string[] = [];
  const bench = await startBench(t, {
    kinds: [editing((_exchange, reply) => (seen.push(reply.body('parsed').kind), PASS), 'parsed')],
  });
  answering(bench, 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n');
  assert.equal((await bench.ask(HEAD)).status, 200);
  assert.deepEqual(seen, ['empty']);
});

test('a refusal of HEAD has the length of its document and no body', async (t) => {
  const bench = await startBench(t, { kinds: [kindOf('q', { admit: step(() => deny({ code: 'forbidden' })) })] });
  const client = bench.client().send(HEAD + GET);
  const head = await client.reply('HEAD');
  const get = await client.reply();
  assert.deepEqual([head.status, codeOf(get)], [403, 'forbidden']);
  assert.equal(head.headers['content-length'], get.headers['content-length']);
  const bytes = bench.records.flatMap((record) => (record.kind === 'completion' ? [record.responseBytes] : []));
  assert.deepEqual(bytes, [0, get.body.length]);
});

test('steps that read bodies are not asked about refusals, but about a policy’s own replies', async (t) => {
  const seen: string[] = [];
  let own: OwnReply | null = null;
  const bench = await startBench(t, {
    kinds: [
      kindOf('q', {
        admit: step(() => (own === null ? deny({ code: 'forbidden' }) : { kind: 'reply', response: own })),
      }),
      editing((_exchange, reply, edits) => {
        seen.push(reply.body('parsed').kind);
        edits.replaceBody(Buffer.from('{"kept":1}'));
        return PASS;
      }, 'parsed'),
    ],
  });
  assert.equal(codeOf(await bench.ask(GET)), 'forbidden');
  assert.deepEqual(seen, []);
  own = { status: 200, headers: [['content-type', 'application/json']], body: '{"kept":1,"secret":2}' };
  assert.equal((await bench.ask(GET)).body.toString(), '{"kept":1}');
  assert.deepEqual(seen, ['json']);
  own = { status: 200, headers: [['content-type', 'application/json']], body: '{' };
  assert.equal(codeOf(await bench.ask(GET)), 'gateway-fault');
  assert.deepEqual(
    bench.alerts.map((alert) => alert.key),
    ['a/q'],
  );
});

test('a policy’s own reply may be denied like the upstream’s', async (t) => {
  const bench = await startBench(t, {
    kinds: [
      kindOf('q', { admit: step(() => ({ kind: 'reply', response: { status: 200, headers: [], body: 'x' } })) }),
      editing((_exchange, reply) => (reply.status === 200 ? deny({ code: 'forbidden' }) : PASS)),
    ],
  });
  assert.equal(codeOf(await bench.ask(GET)), 'forbidden');
  assert.equal(bench.alerts.length, 0);
});

test('date and x-request-id are there once, whoever gave them', async (t) => {
  let own: OwnReply | null = null;
  const bench = await startBench(t, {
    kinds: [kindOf('q', { admit: step(() => (own === null ? PASS : { kind: 'reply', response: own })) })],
  });
  const check = async (date: string): Promise<void> => {
    const reply = await bench.ask(GET);
    assert.equal(reply.headers['date'], date, reply.head);
    assert.equal(reply.headers['x-request-id'], bench.records.at(-1)?.id);
    for (const name of ['date', 'x-request-id', 'content-length']) assert.equal(count(reply.head, name), 1, reply.head);
  };
  const now = 'Thu, 01 Jan 2026 00:00:00 GMT';
  await check(now);
  answering(bench, replyText('x', 'Date: yesterday\r\nX-Request-Id: theirs'));
  await check('yesterday');
  answering(bench, chunkedReply('x', 'Date: yesterday'));
  await bench.ask(GET).then((reply) => assert.equal(count(reply.head, 'date'), 1));
  own = { status: 200, headers: [['Date', 'then']], body: 'x' };
  await check('then');
  own = { status: 200, headers: [], body: 'x' };
  await check(now);
});

test('a respond step sees the reply as the upstream gave it, and which request it is to', async (t) => {
  const seen: unknown[] = [];
  const bench = await startBench(t, {
    kinds: [
      editing((exchange, reply) => {
        seen.push(exchange.request.path, reply.source, reply.status, reply.headers.get('a'));
        return PASS;
      }),
    ],
  });
  answering(bench, replyText('x', 'a: 1\r\nA: 2', 418));
  assert.equal((await bench.ask(GET)).status, 418);
  assert.deepEqual(seen, ['/x', 'upstream', 418, '1, 2']);
});

test('a step that is about some replies alone runs on those, and no other body is collected for it', async (t) => {
  const seen: string[] = [];
  const choosing: PolicyKind<never> = kindOf('p', {
    respond: {
      ...step<'respond'>(
        (_exchange, reply, edits) => {
          seen.push(`${reply.status} ${reply.body('raw').length}`);
          edits.replaceBody(Buffer.from('replaced'));
          return PASS;
        },
        { response: 'raw' },
      ),
      concerns: (_exchange, { status, headers }) => status >= 500 && headers.get('x-kept') === null,
      rare: true,
    },
  });
  const bench = await startBench(t, { kinds: [choosing] });
  const asked = GET.replace('\r\n\r\n', '\r\naccept-encoding: gzip\r\n\r\n');
  answering(bench, replyText('{}', 'content-encoding: gzip'));
  assert.equal((await bench.ask(asked)).body.toString(), '{}');
  assert.match(bench.upstream.requests.at(-1)?.head ?? '', /accept-encoding: gzip/);
  answering(bench, replyText('at line 5', '', 500));
  assert.equal((await bench.ask(GET)).body.toString(), 'replaced');
  answering(bench, replyText('as it is', 'x-kept: 1', 500));
  assert.equal((await bench.ask(GET)).body.toString(), 'as it is');
  assert.deepEqual(seen, ['500 9']);
});

test('a step that fails to say which replies it is about lets none out', async (t) => {
  const bench = await startBench(t, {
    kinds: [
      kindOf('p', {
        respond: {
          ...step<'respond'>(() => PASS),
          concerns() {
            throw new Error('broken');
          },
        },
      }),
    ],
  });
  answering(bench, OK_REPLY);
  await assert.rejects(bench.ask(GET));
});

test('two steps that chose the same replies see each its own part of them', async (t) => {
  const seen: string[] = [];
  const about = (kind: string, least: number): PolicyKind<never> =>
    kindOf(kind, {
      respond: {
        ...step<'respond'>((_exchange, { status }) => (seen.push(`${kind} ${status}`), PASS)),
        concerns: (_exchange, { status }) => status >= least,
      },
    });
  const bench = await startBench(t, { kinds: [about('p', 400), about('q', 500), about('r', 200)] });
  for (const status of [200, 404, 500, 404]) {
    answering(bench, replyText('{}', '', status));
    await bench.ask(GET);
  }
  assert.deepEqual(seen, ['r 200', 'p 404', 'r 404', 'p 500', 'q 500', 'r 500', 'p 404', 'r 404']);
});

test('what steps saw of a body is let go when it streams', async (t) => {
  let seen: ReplyView | null = null;
  const looking = step<'respond'>((_exchange, reply) => ((seen = reply).body('tap'), PASS), { response: 'tap' });
  const bench = await startBench(t, { kinds: [kindOf('p', { respond: looking })] });
  bench.upstream.respond = ({ socket }) => void socket.write('HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\na');
  const client = bench.client().send(GET);
  await until(() => client.received.toString().endsWith('\r\n\r\na'));
  assert.throws(() => seen?.body('tap'));
  bench.upstream.last.socket.write('b');
  assert.equal((await client.reply()).body.toString(), 'ab');
});
