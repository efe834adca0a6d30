import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import type { CompletionRecord, IntentRecord, LedgerRecord } from '../base/index.ts';
import {
  type CleaningVerdict,
  createConditionsKind,
  createSanitizeKind,
  PASS,
  type PolicyKind,
} from '../policy/index.ts';
import { type Bench, codeOf, kindOf, startBench, step } from './fixture.test.ts';

const NOTES = `routes: ['* /{rest...}']
    body: 64KiB
    sanitize:
      body: { /comment: [trim, bidi], /bio: html, '/items/*/note': trim }
      query: { q: [trim, control], h: html }`;

async function cleaning(t: TestContext, api = NOTES, kinds: readonly PolicyKind<never>[] = []): Promise<Bench> {
  return await startBench(t, { kinds: [createSanitizeKind() as PolicyKind<never>, ...kinds], api });
}

interface Sent {
  readonly target?: string;
  readonly type?: string;
  readonly body: string;
  readonly fields?: string;
}

function post({ target = '/x', type = 'application/json', body, fields = '' }: Sent): string {
  const bytes = Buffer.from(body);
  const head = `POST ${target} HTTP/1.1\r\nhost: x.example\r\ncontent-type: ${type}\r\n${fields}content-length: ${bytes.length}\r\n\r\n`;
  return head + bytes.toString('latin1');
}

function arrived({ upstream }: Bench): string {
  return Buffer.from(upstream.last.body).toString();
}

function completionIn(records: readonly LedgerRecord[]): CompletionRecord {
  return records.findLast((record) => record.kind === 'completion') ?? assert.fail('no completion');
}

function intentIn(records: readonly LedgerRecord[]): IntentRecord {
  return records.findLast((record) => record.kind === 'intent') ?? assert.fail('no intent');
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

test('what is cleaned goes upstream, framed anew, and the record says so', async (t) => {
  const bench = await cleaning(t);
  const body = '{ "comment" : " a\\u202eb " , "n": 1.0, "bio":"<b>x</b><script>y</script>"}';
  const fields = 'content-digest: sha-256=:AAAA:\r\netag: "1"\r\nx-own: 1\r\n';
  const reply = await bench
    .client()
    .send(Buffer.from(post({ body, fields }), 'latin1'))
    .reply('POST');
  assert.equal(reply.status, 200);
  const cleaned = '{ "comment" : "ab" , "n": 1.0, "bio":"<b>x</b>"}';
  assert.equal(arrived(bench), cleaned);
  assert.match(bench.upstream.last.head, new RegExp(`content-length: ${cleaned.length}\r\n`));
  assert.match(bench.upstream.last.head, /x-own: 1/);
  assert.doesNotMatch(bench.upstream.last.head, /digest|etag/);
  const record = completionIn(bench.records);
  assert.deepEqual([record.cleaned, record.receivedHash], ['body', hash(body)]);
  assert.deepEqual(bench.metrics.cleanings, ['a enforced']);
});

test('what needs no cleaning goes on byte for byte, with all its fields', async (t) => {
  const bench = await cleaning(t);
  const body = '{"comment":"\\u0061", "other":" x "}';
  await bench.ask(post({ target: '/x?q=a+b&o=+x', body, fields: 'content-digest: sha-256=:AAAA:\r\n' }));
  assert.equal(arrived(bench), body);
  assert.match(bench.upstream.last.head, /content-digest/);
  assert.match(bench.upstream.last.head, /^POST \/x\?q=a\+b&o=\+x /);
  const record = completionIn(bench.records);
  assert.deepEqual([record.cleaned, record.receivedHash], [null, null]);
  assert.deepEqual(bench.metrics.cleanings, []);
});

test('a query is cleaned before anything of its stage looks at it, also where no body is read', async (t) => {
  const seen: (string | null)[] = [];
  const look = {
    ...step<'inspect'>(({ request }) => (seen.push(request.query), PASS), { request: 'parsed' }),
    head: ({ request }: { readonly request: { readonly query: string | null } }) => (seen.push(request.query), PASS),
  };
  const bench = await cleaning(t, NOTES, [kindOf('p', { inspect: look })]);
  await bench.ask('GET /x?b=%20&q=%20a%09b%0A&q[0]=+c HTTP/1.1\r\nhost: x.example\r\n\r\n');
  assert.match(bench.upstream.last.head, /^GET \/x\?b=%20&q=a%09b&q%5B0%5D=c /);
  assert.deepEqual(seen, Array(2).fill('b=%20&q=a%09b&q%5B0%5D=c'));
  assert.equal(completionIn(bench.records).cleaned, 'query');
  await bench.ask(post({ target: '/x?q=+a', body: '{"comment":" "}' }));
  assert.equal(completionIn(bench.records).cleaned, 'query and body');
});

test('forms and parts of forms are cleaned too', async (t) => {
  const bench = await cleaning(t);
  await bench.ask(
    post({ type: 'application/x-www-form-urlencoded', body: 'a=+&comment=+x%E2%80%AE&items[0][note]=+y' }),
  );
  assert.equal(arrived(bench), 'a=+&comment=x&items[0][note]=y');
  const part = (name: string, text: string, more = ''): string =>
    `--b\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${text}\r\n`;
  const type = 'multipart/form-data; boundary=b';
  const scan = part('scan', ' z ', '; filename="a.txt"');
  const named = (text: string): string => part('comment', text, '; filename="a.txt"');
  await bench.ask(post({ type, body: `${part('o', ' ')}${part('comment', ' x ')}${named(' z ')}${scan}--b--` }));
  assert.equal(arrived(bench), `${part('o', ' ')}${part('comment', 'x')}${named('z')}${scan}--b--`);
});

test('taking something out never makes another part', async (t) => {
  const bench = await cleaning(t);
  const inner = 'x\r\n\u202e--b\r\ncontent-disposition: form-data; name="bio"\r\n\r\n<script>';
  const hidden = inner.replace('\u202e--b', '-\u202e-b');
  const body = `--b\r\ncontent-disposition: form-data; name="comment"\r\n\r\n${hidden}\r\n--b--`;
  const reply = await bench
    .client()
    .send(Buffer.from(post({ type: 'multipart/form-data; boundary=b', body }), 'latin1'))
    .reply('POST');
  assert.equal(codeOf(reply), 'unclean-content');
  assert.equal(bench.upstream.requests.length, 0);
});

test('what nobody reads, or reads in two ways, is refused', async (t) => {
  const bench = await cleaning(t);
  for (const [type, body, code] of [
    ['text/plain', '{"comment":" "}', 'unsupported-media-type'],
    ['application/xml', '<comment> </comment>', 'unsupported-media-type'],
    ['application/octet-stream', '{"comment":" "}', 'unsupported-media-type'],
    ['application/json', '" x "', 'unsupported-media-type'],
    ['application/json', '{"comment":" ","comment":1}', 'malformed-body'],
    ['application/json', `{"bio":"${'<b>'.repeat(5_001)}"}`, 'unclean-content'],
  ] as const) {
    assert.equal(codeOf(await bench.ask(post({ type, body }))), code, type);
  }
  assert.equal(codeOf(await bench.ask('GET /x?a=1;q=%20 HTTP/1.1\r\nhost: x.example\r\n\r\n')), 'invalid-parameters');
  const part = await bench.ask(post({ body: '{"comment":" "}', fields: 'content-range: bytes 0-14/15\r\n' }));
  assert.equal(codeOf(part), 'malformed-body');
  assert.equal(bench.upstream.requests.length, 0);
});

test('a body that grows past its limit is refused', async (t) => {
  const bench = await cleaning(t);
  const reply = await bench.ask(post({ body: JSON.stringify({ bio: '&'.repeat(19_000) }) }));
  assert.equal(codeOf(reply), 'body-too-large');
});

test('conditions and everything behind them see what was cleaned', async (t) => {
  const api = `${NOTES}
    operations:
      '* /{rest...}': { rules: ['request.body.comment == "x"'] }`;
  const bench = await cleaning(t, api, [createConditionsKind() as PolicyKind<never>]);
  assert.equal((await bench.ask(post({ body: '{"comment":" x "}' }))).status, 200);
  assert.equal(codeOf(await bench.ask(post({ body: '{"comment":" y "}' }))), 'rule-not-met');
});

test('a policy that only observes lets pass what came, and says what it would have done', async (t) => {
  const bench = await cleaning(t, NOTES.replace('sanitize:', 'sanitize:\n      mode: observe'));
  const body = '{"comment":" x "}';
  await bench.ask(post({ target: '/x?q=+a', body }));
  assert.equal(arrived(bench), body);
  assert.match(bench.upstream.last.head, /^POST \/x\?q=\+a /);
  const intent = intentIn(bench.records);
  assert.deepEqual([intent.verdict, intent.problem, intent.rule], ['observed', 'unclean-content', 'sanitize.query.q']);
  assert.equal(completionIn(bench.records).cleaned, null);
  assert.deepEqual(bench.metrics.cleanings, ['a observed', 'a observed']);
  assert.equal((await bench.ask(post({ type: 'text/plain', body }))).status, 200);
});

test('an operation adds places, replaces what is done there, or is left alone', async (t) => {
  const api = `routes: ['POST /x', 'POST /y', 'POST /z']
    sanitize: { body: { /a: trim, /b: trim } }
    operations:
      'POST /y': { sanitize: { body: { /a: single-line, /c: trim } } }
      'POST /z': { sanitize: off }`;
  const bench = await cleaning(t, api);
  const body = '{"a":" 1\\n2 ","b":" ","c":" "}';
  const seen: string[] = [];
  for (const target of ['/x', '/y', '/z']) {
    await bench.ask(post({ target, body }));
    seen.push(arrived(bench));
  }
  assert.deepEqual(seen, ['{"a":"1\\n2","b":"","c":" "}', '{"a":" 1 2 ","b":"","c":""}', body]);
});

test('what cleaning gives is read anew, and what can not be is refused', async (t) => {
  const giving = (verdict: CleaningVerdict): PolicyKind<never> => kindOf('p', { clean: { body: () => verdict } });
  const broken = await startBench(t, { kinds: [giving({ kind: 'cleaned', body: () => Buffer.from('{'), rule: 'r' })] });
  assert.equal(codeOf(await broken.ask(post({ body: '{}' }))), 'malformed-body');
  const query = { kind: 'cleaned', query: 'a b', rule: 'r' } as const;
  const open = await startBench(t, { kinds: [kindOf('p', { clean: { query: () => query } })] });
  assert.equal(codeOf(await open.ask('GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n')), 'gateway-fault');
  const strange = kindOf('p', { inspect: step<'inspect'>(() => ({ ...query, query: 'a=b' }) as never) });
  const other = await startBench(t, { kinds: [strange] });
  assert.equal(codeOf(await other.ask('GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n')), 'gateway-fault');
});

test('replies are stored by what was cleaned', async (t) => {
  const bench = await cleaning(t, `routes: ['GET /x']\n    cache: { ttl: 1h }\n    sanitize: { query: { q: trim } }`);
  for (const target of ['/x?q=a', '/x?q=+a', '/x?q=a%20', '/x?q=b']) {
    assert.equal((await bench.ask(`GET ${target} HTTP/1.1\r\nhost: x.example\r\n\r\n`)).status, 200);
  }
  assert.deepEqual(bench.metrics.cacheResults, ['miss', 'hit', 'hit', 'miss']);
});
