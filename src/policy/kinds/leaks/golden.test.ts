import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMS, LEAK_CLASSES } from '../../../leaks/index.ts';
import { exchangeOf, stepsOf } from '../../exchange-fixture.test.ts';
import type { ReplyView } from '../../exchange.ts';
import type { ReplyLeaks } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import forms from './golden/forms.json' with { type: 'json' };
import replies from './golden/replies.json' with { type: 'json' };
import { createLeaksKind } from './kind.ts';

/** A reply, what is said of it, and its body where it is another. */
interface Golden {
  readonly name: string;
  readonly type: string | null;
  readonly body: string;
  readonly verdict: string;
  readonly becomes: string | null;
}

/** A key in parts, so that nobody takes it for a real one, and the same with something wrong. */
interface GoldenForm {
  readonly name: string;
  readonly parts: readonly string[];
  readonly miss: readonly string[];
}

const RULES: ReplyLeaks = {
  classes: {
    secrets: 'refuse',
    privateKeys: 'mask',
    cards: 'mask',
    iban: 'mask',
    emails: 'drop',
    phones: 'report',
  },
  allow: [],
  fields: {
    '/customer': 'mask',
    '/customer/ssn': 'mask',
    '/items/*/pin': 'drop',
    '/hash': 'refuse',
    '/order': 'pass',
    '/x/card': 'report',
    '/x/mail': 'report',
    '/x/phone': 'report',
  },
  own: { employee: { pattern: '^EMP-[0-9]{6}$', action: 'mask' } },
};

const kind = createLeaksKind({ clock: { now: () => 0, monotonic: () => 0 }, log: { write() {} } });
const sources = { document: () => null };

/** What the step makes of a reply. */
function judged(
  rules: ReplyLeaks,
  type: string | null,
  bytes: Buffer,
): readonly [verdict: string, becomes: string | null] {
  const { respond } = stepsOf(kind, { api: rules, operations: {} }, '/x', sources);
  const headers = { get: (name: string) => (name === 'content-type' ? type : null) };
  const reply = { status: 200, source: 'upstream', headers, body: () => bytes } as unknown as ReplyView;
  const exchange = { ...exchangeOf({}), operation: { id: 'a/x' } } as unknown as Parameters<
    NonNullable<typeof respond>['run']
  >[0];
  if (respond?.concerns?.(exchange, reply) !== true) return ['not its concern', null];
  let becomes: string | null = null;
  const editor = {
    setHeader: () => assert.fail(),
    appendHeader: () => assert.fail(),
    removeHeader: () => assert.fail(),
    replaceBody: (replaced: Uint8Array) => void (becomes = Buffer.from(replaced).toString()),
  };
  const verdict = respond.run(exchange, reply, editor);
  assert.ok(!(verdict instanceof Promise));
  if (verdict.kind === 'note') return [`note ${verdict.rule}`, becomes];
  return [verdict.kind === 'deny' ? `${verdict.problem.code} ${verdict.rule ?? ''}` : verdict.kind, becomes];
}

for (const [file, list] of Object.entries({ replies, bypass })) {
  for (const { name, type, body, verdict, becomes } of list as readonly Golden[]) {
    test(`${file}: ${name}`, () => {
      const [said, made] = judged(RULES, type, Buffer.from(body));
      // Refusals take the place of a reply whatever was made of it.
      assert.deepEqual([said, said.startsWith('note') ? made : null], [verdict, becomes]);
    });
  }
}

const every: ReplyLeaks = {
  classes: Object.fromEntries(
    LEAK_CLASSES.filter((name) => name !== 'emails').map((name) => [name, 'refuse' as const]),
  ),
  allow: [],
  fields: {},
  own: {},
};

for (const { name, parts, miss } of forms as readonly GoldenForm[]) {
  test(`forms: ${name}`, () => {
    const found = (text: string, rules: ReplyLeaks): string =>
      judged(rules, 'application/json', Buffer.from(JSON.stringify({ a: `see ${text} here` })))[0];
    assert.match(found(parts.join(''), every), /^reply-leaks /);
    assert.equal(found(miss.join(''), every), 'pass');
    assert.equal(found(parts.join(''), { ...every, allow: [name] }), 'pass', 'it is allowed');
  });
}

test('each form has an example, and says where it is told of', () => {
  const named = new Set((forms as readonly GoldenForm[]).map(({ name }) => name));
  assert.deepEqual(
    FORMS.map(({ name }) => name).filter((name) => !named.has(name)),
    [],
  );
  assert.ok(new Set(FORMS.map(({ name }) => name)).size >= 100);
  for (const { source } of FORMS) assert.match(source, /\S/);
});

test('early hints and trailers, which nobody looks into, are kept back', () => {
  const { respond } = stepsOf(kind, { api: RULES, operations: {} }, '/x', sources);
  assert.deepEqual(respond?.withholds, ['hints', 'trailers']);
});
