import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readEvaluation, readEvaluations } from './decision-request.ts';

const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

const ALICE = { type: 'user', id: 'alice@example.com' };
const READ = { name: 'can_read' };
const document = (id: string) => ({ type: 'document', id });

/** Questions of the forms that the specification shows (AuthZEN Authorization API 1.0, §5 to §7). */
const QUESTIONS: Readonly<Record<string, object>> = {
  minimal: { subject: ALICE, action: READ, resource: { type: 'account', id: '123' } },
  'with a context': {
    subject: { ...ALICE, properties: { department: 'Sales', ip_address: '172.217.22.14' } },
    resource: { type: 'book', id: '123', properties: { library_record: { title: 'A', isbn: '978-0593383322' } } },
    action: { name: 'extend-loan', properties: { period: '2W' } },
    context: { time: '1985-10-26T01:22-07:00', schema: 'https://schema.example.com/access-request.schema.json' },
  },
};

test('questions of the forms that the specification shows are read', () => {
  for (const [name, question] of Object.entries(QUESTIONS)) {
    const read = readEvaluation(bytes(question));
    assert.ok(read.ok, name);
    const { subject, action, resource, context } = read.value;
    const said = question as { action: object; context?: object; resource: object; subject: object };
    assert.deepEqual(JSON.parse(JSON.stringify({ subject, action, resource, context })), {
      subject: { properties: {}, ...said.subject },
      action: { properties: {}, ...said.action },
      resource: { properties: {}, ...said.resource },
      context: said.context ?? {},
    });
  }
});

test('what an item leaves out is what stands beside the items, and what it says takes the place of all of that', () => {
  const read = readEvaluations(
    bytes({
      subject: ALICE,
      context: { time: '2024-05-31T15:22-07:00' },
      action: { ...READ, properties: { soft: true } },
      evaluations: [
        { resource: document('a') },
        { action: { name: 'can_edit' }, resource: document('b'), context: {} },
      ],
      options: { evaluations_semantic: 'permit_on_first_permit', another_option: 'value' },
    }),
  );
  assert.ok(read.ok && read.value.kind === 'several');
  assert.equal(read.value.semantic, 'permit_on_first_permit');
  const told = JSON.parse(JSON.stringify(read.value.evaluations)) as object;
  const subject = { ...ALICE, properties: {} };
  assert.deepEqual(told, [
    {
      subject,
      action: { ...READ, properties: { soft: true } },
      resource: { ...document('a'), properties: {} },
      context: { time: '2024-05-31T15:22-07:00' },
    },
    {
      subject,
      action: { name: 'can_edit', properties: {} },
      resource: { ...document('b'), properties: {} },
      context: {},
    },
  ]);
});

test('without evaluations, or with none of them, several questions are one', () => {
  for (const more of [{}, { evaluations: [] }]) {
    const read = readEvaluations(bytes({ ...QUESTIONS['minimal'], ...more }));
    assert.equal(read.ok && read.value.kind, 'one');
  }
});

const { minimal = {} } = QUESTIONS;

const MALFORMED: readonly (readonly [why: string, body: unknown, error: RegExp])[] = [
  ['an empty body', '', /no JSON/],
  ['no JSON', '{', /no JSON/],
  ['a list', '[]', /the body is an object/],
  ['a key twice', '{"subject":{},"subject":{}}', /duplicate-key/],
  ['too deep', `{"context":${'['.repeat(70)}${']'.repeat(70)}}`, /too-deep/],
  ['without a subject', { ...minimal, subject: undefined }, /subject is missing/],
  ['without an action', { ...minimal, action: undefined }, /action is missing/],
  ['without a resource', { ...minimal, resource: undefined }, /resource is missing/],
  ['a subject that is text', { ...minimal, subject: 'alice' }, /subject is an object/],
  ['a subject without a type', { ...minimal, subject: { id: 'a' } }, /subject\.type/],
  ['a subject without an id', { ...minimal, subject: { type: 'user' } }, /subject\.id/],
  ['an id that is a number', { ...minimal, subject: { type: 'user', id: 7 } }, /subject\.id/],
  ['an empty id', { ...minimal, subject: { type: 'user', id: '' } }, /subject\.id/],
  ['a name that is a number', { ...minimal, action: { name: 123 } }, /action\.name/],
  ['an action without a name', { ...minimal, action: {} }, /action\.name/],
  ['properties that are a list', { ...minimal, subject: { ...ALICE, properties: [] } }, /subject\.properties/],
  ['a context that is text', { ...minimal, context: 'now' }, /context is an object/],
  ['an endless id', { ...minimal, resource: document('x'.repeat(8_193)) }, /resource\.id/],
];

const MALFORMED_LISTS: readonly (readonly [why: string, body: unknown, error: RegExp])[] = [
  ['an unknown semantic', { ...minimal, options: { evaluations_semantic: 'any' } }, /evaluations_semantic/],
  ['a semantic that is a list', { ...minimal, options: { evaluations_semantic: ['execute_all'] } }, /semantic/],
  ['options that are text', { ...minimal, options: 'execute_all' }, /options is an object/],
  ['evaluations that are an object', { ...minimal, evaluations: {} }, /evaluations is a list/],
  ['101 of them', { ...minimal, evaluations: Array.from({ length: 101 }, () => ({})) }, /at most 100/],
  ['one that is text', { ...minimal, evaluations: ['x'] }, /evaluations\[0\]: is an object/],
  [
    'one that lacks what nothing stands for',
    { evaluations: [minimal, { subject: ALICE }] },
    /\[1\]: action is missing/,
  ],
];

test('what is malformed is told, and nothing is made of it', () => {
  for (const [why, body, error] of MALFORMED) {
    for (const read of [readEvaluation(bytes(body)), readEvaluations(bytes(body))]) {
      assert.equal(read.ok, false, why);
      if (!read.ok) assert.match(read.error, error, why);
    }
  }
  for (const [why, body, error] of MALFORMED_LISTS) {
    const read = readEvaluations(bytes(body));
    assert.equal(read.ok, false, why);
    if (!read.ok) assert.match(read.error, error, why);
  }
});

test('a member that objects inherit elsewhere is one like any other', () => {
  assert.equal(readEvaluation(bytes('{"__proto__":{"subject":{"type":"user","id":"a"}}}')).ok, false);
  const read = readEvaluation(bytes({ ...minimal, constructor: 1, toString: 2 }));
  assert.equal(read.ok, true);
});

test('any bytes are read or told of, and none end the reader', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (body) => {
      assert.equal(typeof readEvaluation(body).ok, 'boolean');
      assert.equal(typeof readEvaluations(body).ok, 'boolean');
    }),
  );
});
