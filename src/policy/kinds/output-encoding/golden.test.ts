import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeOf, stepsOf } from '../../exchange-fixture.test.ts';
import type { ReplyView } from '../../exchange.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import replies from './golden/replies.json' with { type: 'json' };
import { createOutputEncodingKind } from './kind.ts';

/** A reply, and what becomes of it: fields that are set, and the body where it is another. */
interface Golden {
  readonly name: string;
  readonly type: string | null;
  readonly body: string;
  readonly becomes: string;
}

const { respond } = stepsOf(createOutputEncodingKind(), {}, '/x');

/** A reply of the upstream's with these fields. */
function replyOf(fields: Readonly<Record<string, string | null>>, body: Uint8Array, status = 200): ReplyView {
  const headers = { get: (name: string) => fields[name] ?? null };
  return { status, source: 'upstream', headers, body: () => body } as unknown as ReplyView;
}

/** What the step does to a reply that it is about. */
function doneTo(reply: ReplyView): string {
  const done: string[] = [];
  let replaced: string | null = null;
  const editor = {
    setHeader: (_name: string, value: string) => void done.push(value),
    appendHeader: () => assert.fail(),
    removeHeader: () => assert.fail(),
    replaceBody: (bytes: Uint8Array) => void (replaced = Buffer.from(bytes).toString()),
  };
  assert.deepEqual(respond?.run(exchangeOf({}), reply, editor), { kind: 'pass' });
  const all = replaced === null ? done : [...done, replaced];
  return all.length === 0 ? 'as it came' : all.join(' ');
}

for (const [file, list] of Object.entries({ replies, bypass })) {
  for (const { name, type, body, becomes } of list as readonly Golden[]) {
    test(`${file}: ${name}`, () => {
      const bytes = Buffer.from(body);
      const reply = replyOf({ 'content-type': type, 'content-length': String(bytes.length) }, bytes);
      assert.equal(respond?.concerns?.(exchangeOf({}), reply) === true ? doneTo(reply) : 'as it came', becomes);
    });
  }
}

test('what has no body, is a part, or is our own is not its concern', () => {
  const fields = { 'content-type': 'text/html', 'content-length': '7' };
  const concerned = (reply: ReplyView, method = 'GET'): boolean | undefined => {
    const exchange = exchangeOf({});
    return respond?.concerns?.({ ...exchange, request: { ...exchange.request, method } }, reply);
  };
  const nothing = Buffer.alloc(0);
  assert.equal(concerned(replyOf(fields, nothing)), true);
  assert.equal(concerned(replyOf(fields, nothing), 'HEAD'), false);
  for (const status of [101, 204, 206, 304]) assert.equal(concerned(replyOf(fields, nothing, status)), false);
  assert.equal(concerned({ ...replyOf(fields, nothing), source: 'gateway' }), false);
});

test('a page of any length is its concern, and what has no type only where it says that it is short', () => {
  const concerned = (type: string | null, length: string | null): boolean | undefined =>
    respond?.concerns?.(exchangeOf({}), replyOf({ 'content-type': type, 'content-length': length }, Buffer.alloc(0)));
  for (const length of [null, '5', '2000000']) assert.equal(concerned('text/html', length), true);
  assert.deepEqual(
    ['0', '1', '1048576', '1048577', null].map((length) => concerned(null, length)),
    [false, true, true, false, false],
  );
});
