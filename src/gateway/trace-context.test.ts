import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldsOf } from './fixture.test.ts';
import { continueTrace, createTraceIds, readTraceParent } from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const SPAN = 'aaaaaaaaaaaaaaaa';

const CONTINUED = [
  [`00-${TRACE}-${PARENT}-01`, '01'],
  [`00-${TRACE}-${PARENT}-00`, '00'],
  [`00-${TRACE}-${PARENT}-03`, '03'],
  [`00-${TRACE}-${PARENT}-ff`, '03'],
  [`01-${TRACE}-${PARENT}-01`, '01'],
  [`cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`, '01'],
  [`fe-${TRACE}-${PARENT}-09-`, '01'],
] as const;

for (const [text, flags] of CONTINUED) {
  test(`the trace of ${text} is continued, with the flags that are known`, () => {
    assert.deepEqual(readTraceParent(text), { traceId: TRACE, flags });
  });
}

const REFUSED = [
  ['nothing', ''],
  ['zeros for a trace', `00-${'0'.repeat(32)}-${PARENT}-01`],
  ['zeros for a parent', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['upper case', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
  ['an upper-case version', `AA-${TRACE}-${PARENT}-01`],
  ['the version that never is', `ff-${TRACE}-${PARENT}-01`],
  ['a short trace', `00-${TRACE.slice(1)}-${PARENT}-01`],
  ['a long trace', `00-${TRACE}0-${PARENT}-01`],
  ['no hexadecimal digit', `00-g${TRACE.slice(1)}-${PARENT}-01`],
  ['no flags', `00-${TRACE}-${PARENT}`],
  ['short flags', `00-${TRACE}-${PARENT}-1`],
  ['more behind version 00', `00-${TRACE}-${PARENT}-01-x`],
  ['more without its hyphen', `01-${TRACE}-${PARENT}-01x`],
  ['two values', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
  ['blanks', ` 00-${TRACE}-${PARENT}-01`],
  ['underscores', `00_${TRACE}_${PARENT}_01`],
] as const;

for (const [what, text] of REFUSED) {
  test(`a traceparent with ${what} is none`, () => assert.equal(readTraceParent(text), null));
}

test('whatever is read is written in lower case, and never zeros', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-fA-F]{2}-[0-9a-fA-F]{32}-[0-9a-fA-F]{16}-[0-9a-fA-F]{2}(-.?)?$/), (text) => {
      const read = readTraceParent(text);
      if (read !== null) assert.match(`${read.traceId} ${read.flags}`, /^(?!0{32})[0-9a-f]{32} 0[0-3]$/);
    }),
  );
});

const ids = { nextSpan: () => SPAN, nextTrace: () => `00-${SPAN}${SPAN}-${SPAN}-03` };

test('a trace goes on under a new parent, and its state with it', () => {
  const fields = fieldsOf(['traceparent', `00-${TRACE}-${PARENT}-01`], ['tracestate', 'a=1'], ['tracestate', 'b=2']);
  assert.equal(continueTrace(fields, ids), `00-${TRACE}-${SPAN}-01`);
  assert.deepEqual(
    [...fields.kept()].map(([name]) => name),
    ['tracestate', 'tracestate'],
  );
});

test('a new trace begins where there is none or it is malformed, and drops the state', () => {
  for (const given of [[], [['traceparent', 'x']], [['traceparent', '']]] as [string, string][][]) {
    const fields = fieldsOf(...given, ['tracestate', 'a=1'], ['kept', '1']);
    assert.equal(continueTrace(fields, ids), `00-${SPAN}${SPAN}-${SPAN}-03`);
    assert.deepEqual(
      [...fields.kept()].map(([name]) => name),
      ['kept'],
    );
  }
});

test('two traceparent fields leave open which is meant, so a new trace begins', () => {
  const one: [string, string] = ['traceparent', `00-${TRACE}-${PARENT}-01`];
  const fields = fieldsOf(one, one);
  assert.equal(continueTrace(fields, ids).includes(TRACE), false);
  assert.deepEqual([...fields.kept()], []);
});

test('a state longer than everybody must take is dropped, and one of just that length is not', () => {
  for (const [length, kept] of [
    [512, 1],
    [513, 0],
  ] as const) {
    const fields = fieldsOf(['traceparent', `00-${TRACE}-${PARENT}-01`], ['tracestate', `a=${'1'.repeat(length - 2)}`]);
    continueTrace(fields, ids);
    assert.equal([...fields.kept()].length, kept);
  }
});

test('span ids are 16 digits of their own over many pools, and never zeros', () => {
  let drawn = 0;
  const { nextSpan } = createTraceIds((bytes) => {
    for (let at = 0; at < bytes.length; at++) bytes[at] = (drawn + (at >> 3)) >> (8 * (at & 1));
    drawn += bytes.length / 8;
  });
  const spans = Array.from({ length: 1_500 }, nextSpan);
  assert.ok(spans.every((each) => /^(?!0{16})[0-9a-f]{16}$/.test(each)));
  assert.equal(new Set(spans).size >= 1_499, true);
  assert.notEqual(createTraceIds((bytes) => bytes.fill(0)).nextSpan(), '0'.repeat(16));
});

test('new traces have ids of their own over many pools, drawn from every random byte, and never zeros', () => {
  let drawn = 0;
  const { nextTrace } = createTraceIds((bytes) => {
    for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(drawn++ / 8) >> (8 * (at & 1));
  });
  const traces = Array.from({ length: 2_000 }, nextTrace);
  const read = traces.map((text) => readTraceParent(text)?.traceId);
  assert.ok(traces.every((text, at) => text.startsWith(`00-${read[at]}-`) && /-[0-9a-f]{16}-03$/.test(text)));
  assert.equal(new Set(read).size, 2_000);
  const ids = traces.flatMap((text) => [text.slice(3, 19), text.slice(19, 35), text.slice(36, 52)]);
  assert.equal(new Set(ids).size, 6_000);
  const broken = createTraceIds((bytes) => bytes.fill(0)).nextTrace();
  assert.equal(broken, `00-${`${'0'.repeat(15)}1`.repeat(2)}-${'0'.repeat(15)}1-03`);
});
