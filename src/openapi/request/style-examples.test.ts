import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentOf, type Members, onlyOperation, OPERATION } from '../fixtures.test.ts';
import { passes, readJson, type Sent } from './fixtures.test.ts';
import { compileParameters, type ParameterJudge } from './parameter-judge.ts';

const LIST = { type: 'array', items: { type: 'string' }, const: ['blue', 'black', 'brown'] };
const OBJECT = {
  type: 'object',
  properties: { R: { type: 'integer' }, G: { type: 'integer' }, B: { type: 'integer' } },
  const: { R: 100, G: 200, B: 150 },
};
const SCHEMAS = { text: { type: 'string', const: 'blue' }, list: LIST, object: OBJECT };

type Row = readonly [place: 'path' | 'query' | 'header' | 'cookie', style: string, explode: boolean, written: Written];
type Written = Readonly<Partial<Record<keyof typeof SCHEMAS, string | readonly string[]>>>;

/** The table of style examples (OpenAPI 3.2 §4.12.4); where versions of it differ, what each of them has. */
const ROWS: readonly Row[] = [
  [
    'path',
    'matrix',
    false,
    { text: ';color=blue', list: ';color=blue,black,brown', object: ';color=R,100,G,200,B,150' },
  ],
  [
    'path',
    'matrix',
    true,
    { text: ';color=blue', list: ';color=blue;color=black;color=brown', object: ';R=100;G=200;B=150' },
  ],
  ['path', 'label', false, { text: '.blue', list: '.blue,black,brown', object: '.R,100,G,200,B,150' }],
  ['path', 'label', true, { text: '.blue', list: '.blue.black.brown', object: '.R=100.G=200.B=150' }],
  ['path', 'simple', false, { text: 'blue', list: 'blue,black,brown', object: 'R,100,G,200,B,150' }],
  ['path', 'simple', true, { text: 'blue', list: 'blue,black,brown', object: 'R=100,G=200,B=150' }],
  [
    'header',
    'simple',
    false,
    { text: 'blue', list: ['blue,black,brown', 'blue, black, brown'], object: 'R,100,G,200,B,150' },
  ],
  ['header', 'simple', true, { text: 'blue', list: 'blue,black,brown', object: 'R=100,G=200,B=150' }],
  ['query', 'form', false, { text: 'color=blue', list: 'color=blue,black,brown', object: 'color=R,100,G,200,B,150' }],
  [
    'query',
    'form',
    true,
    { text: 'color=blue', list: 'color=blue&color=black&color=brown', object: 'R=100&G=200&B=150' },
  ],
  [
    'query',
    'spaceDelimited',
    false,
    { list: 'color=blue%20black%20brown', object: 'color=R%20100%20G%20200%20B%20150' },
  ],
  [
    'query',
    'pipeDelimited',
    false,
    { list: 'color=blue%7Cblack%7Cbrown', object: 'color=R%7C100%7CG%7C200%7CB%7C150' },
  ],
  [
    'query',
    'deepObject',
    true,
    { object: ['color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150', 'color[R]=100&color[G]=200&color[B]=150'] },
  ],
  ['cookie', 'form', false, { text: 'color=blue', list: 'color=blue,black,brown', object: 'color=R,100,G,200,B,150' }],
  ['cookie', 'form', true, { text: 'color=blue', object: 'R=100; G=200; B=150' }],
  [
    'cookie',
    'cookie',
    false,
    { text: 'color=blue', list: 'color=blue,black,brown', object: 'color=R,100,G,200,B,150' },
  ],
  [
    'cookie',
    'cookie',
    true,
    { text: 'color=blue', list: 'color=blue; color=black; color=brown', object: 'R=100; G=200; B=150' },
  ],
];

function sent(place: Row[0], text: string): Sent {
  if (place === 'path') return { params: { color: text } };
  if (place === 'query') return { query: text };
  return { headers: [[place === 'header' ? 'color' : 'cookie', text]] };
}

for (const [place, style, explode, written] of ROWS) {
  test(`the specification's examples of ${style} in ${place}, ${explode ? 'exploded' : 'not exploded'}, are read as they are meant`, () => {
    for (const [kind, texts] of Object.entries(written)) {
      // The style of that name came with 3.2; in 3.0 `const` counts as well.
      for (const version of style === 'cookie' ? (['3.2'] as const) : (['3.0', '3.1', '3.2'] as const)) {
        const schema = SCHEMAS[kind as keyof typeof SCHEMAS];
        const judge = judgeOfOne({ name: 'color', in: place, required: true, style, explode, schema }, version);
        for (const text of [texts].flat()) {
          assert.equal(passes(judge, sent(place, text)), true, `${version} ${kind} ${text}`);
          const other = text.replace('blue', 'red').replace('200', '201');
          assert.equal(passes(judge, sent(place, other)), false, `${version} ${kind} ${other}`);
        }
      }
    }
  });
}

function judgeOfOne(parameter: Members, specification: '3.0' | '3.1' | '3.2'): ParameterJudge {
  const path = parameter['in'] === 'path' ? '/orders/{color}' : '/orders';
  const paths = { [path]: { get: { ...OPERATION, parameters: [parameter] } } };
  const document = documentOf(paths, { openapi: `${specification}.0` });
  const { parameters } = onlyOperation(document);
  const judge = compileParameters({ source: { document, specification }, parameters, credentials: [], readJson });
  assert.ok(judge.ok);
  return judge.value;
}
