import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileRule, groupOf, stepBudget } from '../../../rules/index.ts';
import { compilePattern } from '../../../openapi/index.ts';
import { readExpression } from '../../../rules/text.ts';
import { AskedRequest } from '../../asked/asked-request.ts';
import { CALLER } from '../../asked/caller-declarations.ts';
import { ITEM, RESPONSE } from '../../asked/reply-declarations.ts';
import { answerOf } from './compiled-rule.ts';
import { exchangeOf, judged, stepsWith } from './fixtures.test.ts';

/** Conditions of parts that are known before, that come later, and that are never there. */
const { condition } = fc.letrec<{ condition: string; value: string; list: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom('response', 'response.a', 'response.b.a', 'item.a', 'principal.subject', 'principal.claims.no'),
    fc.constantFrom('"ada"', '1', '2.5', 'true', 'null', 'tenant', '"x" + response.a', 'size(response.a)'),
    fc.tuple(tie('condition'), tie('value'), tie('value')).map(([asked, yes, no]) => `(${asked} ? ${yes} : ${no})`),
    fc.tuple(tie('value'), tie('value')).map(([one, other]) => `(${one} + ${other})`),
  ),
  list: fc.oneof(
    { maxDepth: 1 },
    fc.constantFrom('response.list', 'principal.roles', '[1, 2]', '[response.a, "ada"]', 'response'),
    tie('condition').map((asked) => `response.list.filter(each, ${asked})`),
  ),
  condition: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(tie('value'), fc.constantFrom('==', '!=', '<', '>='), tie('value')).map((parts) => `(${parts.join(' ')})`),
    fc.constantFrom(
      'true',
      'false',
      'has(response.a)',
      'has(item.a)',
      '!has(response.b)',
      'response.a',
      'has(principal.tenant)',
    ),
    fc.tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition')).map((parts) => `(${parts.join(' ')})`),
    tie('condition').map((asked) => `!(${asked})`),
    fc
      .tuple(tie('condition'), tie('condition'), tie('condition'))
      .map(([asked, yes, no]) => `(${asked} ? ${yes} : ${no})`),
    fc.tuple(tie('value'), tie('list')).map(([one, list]) => `(${one} in ${list})`),
    fc
      .tuple(tie('list'), fc.constantFrom('all', 'exists', 'exists_one'), tie('condition'))
      .map(([list, macro, asked]) => `${list}.${macro}(each, each == "ada" || ${asked})`),
  ),
}));

const reply = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.record({
    a: fc.constantFrom('ada', 'bob', 1, true, false, null),
    b: fc.record({ a: fc.constantFrom('ada', 1) }),
    list: fc.array(fc.constantFrom('ada', 'bob', 1, true), { maxLength: 3 }),
  }),
);

const declarations = groupOf<AskedRequest>({ ...CALLER, response: RESPONSE, item: ITEM });

test('what is decided before the reply is there is what every reply would have decided', () => {
  let decided = 0;
  fc.assert(
    fc.property(condition, fc.array(fc.tuple(reply, reply), { minLength: 3, maxLength: 6 }), (text, replies) => {
      const read = readExpression(text);
      if (!read.ok) return;
      const rule = compileRule(read.value, { declarations, compilePattern });
      if (!rule.ok) return;
      const exchange = exchangeOf({ principal: { tenant: null } });
      const before = answerOf(rule.value, new AskedRequest(exchange));
      if (before.kind === 'open') return;
      decided++;
      for (const [response, item] of replies) {
        const asked = new AskedRequest(exchange);
        asked.response = response;
        asked.item = item;
        assert.equal(rule.value.answer(asked, stepBudget()) === true, before.kind === 'allowed', text);
      }
    }),
    { numRuns: 5_000 },
  );
  assert.ok(decided > 300, `only ${decided} were decided before`);
});

const element = fc.oneof(
  fc.record({ ownerId: fc.constantFrom('ada', 'bob', 'ада', ''), more: fc.jsonValue({ maxDepth: 2 }) }),
  fc.jsonValue({ maxDepth: 2 }),
);

test('what leaves of a list is of the list, in its order, all the caller’s, and stays so when it is asked again', () => {
  const steps = stepsWith({ each: ['page', 'items'], drop: [['total']], allow: 'item.ownerId == principal.subject' });
  fc.assert(
    fc.property(fc.array(element, { maxLength: 12 }), fc.jsonValue(), fc.nat(2), (items, more, spaces) => {
      const text = JSON.stringify({ total: items.length, page: { items, more } }, null, spaces);
      const once = judged(steps, { reply: { body: text } });
      assert.equal(once.end, 'reply: pass');
      const parsed = JSON.parse(text) as { page: { items: { ownerId?: unknown }[]; more: unknown } };
      const kept = parsed.page.items.filter((item) => item !== null && !Array.isArray(item) && item.ownerId === 'ada');
      assert.deepEqual(JSON.parse(once.body ?? ''), { page: { items: kept, more: parsed.page.more } });
      assert.equal(judged(steps, { reply: { body: once.body ?? '' } }).body, once.body);
    }),
    { numRuns: 500 },
  );
});

test('no text that claims to be JSON gets an element of somebody else’s out', () => {
  const steps = stepsWith({ each: [], allow: 'item.ownerId == principal.subject' });
  const piece = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '"ownerId"',
    '"ada"',
    '"bob"',
    '\\u0022',
    ' ',
    '1',
    'null',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const { end, body } = judged(steps, { reply: { body: `[{"ownerId":"bob"}${pieces.join('')}]` } });
      if (end === 'reply: pass') {
        for (const item of JSON.parse(body ?? '') as { ownerId?: string }[]) assert.equal(item.ownerId, 'ada');
      } else assert.equal(end, 'reply: upstream-refused-body');
    }),
    { numRuns: 2_000 },
  );
});
