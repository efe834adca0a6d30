import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskErrors } from './mask-errors.ts';

/** What goes out; null where nothing does. */
function masked(text: string): string | null {
  const result = maskErrors(Buffer.from(text));
  if (result.kind === 'plain') return text;
  return result.kind === 'masked' ? Buffer.from(result.bytes).toString() : null;
}

const STACK = 'Error: x\\n    at f (/srv/app/orders.js:12:7)';

test('what tells of the inside goes, and everything else stays as it was written', () => {
  const cases: readonly (readonly [came: string, goes: string])[] = [
    ['{ "data": {"errors": 1.0e2} }', '{ "data": {"errors": 1.0e2} }'],
    ['{"errors":[{"message":"no such order","path":["a"]}]}', '{"errors":[{"message":"no such order","path":["a"]}]}'],
    [
      `{"data": {"n": 12345678901234567890, "x":1.0},"errors":[{"message":"${STACK}","path":["a",1]}]}`,
      '{"data": {"n": 12345678901234567890, "x":1.0},"errors":[{"message":"Internal server error","path":["a",1]}]}',
    ],
    [
      `{"errors":[{"message":"m","extensions":{"code":"X","exception":{"stacktrace":["a"]}}}],"data":null}`,
      '{"data":null,"errors":[{"message":"m","extensions":{"code":"X"}}]}',
    ],
    [
      '{"errors":[{"message":"m","extensions":{"fields":[{"name":"a","debug":1}],"Stack_Trace":"b"}}]}',
      '{"errors":[{"message":"m","extensions":{"fields":[{"name":"a"}]}}]}',
    ],
    [
      '{"errors":[{"message":"m","extensions":{"original_error":"a","debug-message":"b","Debug_Info":{"c":1},"code":"X"}}]}',
      '{"errors":[{"message":"m","extensions":{"code":"X"}}]}',
    ],
    [
      `{"errors":[{"message":"m","extensions":{"why":"${STACK}","n":2}}]}`,
      '{"errors":[{"message":"m","extensions":{"n":2}}]}',
    ],
    [
      '{"errors":[{"message":"Cannot query field \\"x\\". Did you mean \\"secret\\" or \\"hidden\\"?"}]}',
      '{"errors":[{"message":"Cannot query field \\"x\\"."}]}',
    ],
    [
      '{"errors":[{"message":"Did you mean ? Did you mean \\"a\\"? Or: Did you mean \\"b\\"?","extensions":{"hint":"Did you mean x?"}}]}',
      '{"errors":[{"message":"Did you mean ? Or:","extensions":{"hint":""}}]}',
    ],
    [`{"\\u0065rrors":[{"message":"${STACK}"}]}`, '{"errors":[{"message":"Internal server error"}]}'],
    [
      `{"errors":[{"message":"\\u0045rror\\n    at f (/srv/app/orders.js:12:7)"}]}`,
      '{"errors":[{"message":"Internal server error"}]}',
    ],
    [`{"errors":"${STACK}"}`, '{"errors":[{"message":"Internal server error"}]}'],
    [`{"errors":[{"message":{"text":"${STACK}"}}]}`, '{"errors":[{"message":"Internal server error"}]}'],
    [`{"errors":[{"stack":"${STACK}","message":"m"}]}`, '{"errors":[{"message":"m"}]}'],
    ['[{"data":1},{"errors":[{"message":"m"}]}]', '[{"data":1},{"errors":[{"message":"m"}]}]'],
    ['{"errors":null}', '{"errors":null}'],
    [
      `{"errors":[{"message":"${STACK}","locations":[{"line":3,"column":7}],"path":["a",1]}]}`,
      '{"errors":[{"message":"Internal server error","locations":[{"line":3,"column":7}],"path":["a",1]}]}',
    ],
    [
      `{"errors":[{"message":"m","locations":[{"line":3,"column":7,"file":"/srv/app/orders.js"}],"path":["a","${STACK}"]}]}`,
      '{"errors":[{"message":"m","locations":[{"column":7}],"path":["a"]}]}',
    ],
    [`{"errors":[{"message":"m","locations":"${STACK}"}]}`, '{"errors":[{"message":"m"}]}'],
    [
      '{"data":{},"incremental":[{"data":{},"errors":[{"message":"m"}]}]}',
      '{"data":{},"incremental":[{"data":{},"errors":[{"message":"m"}]}]}',
    ],
  ];
  for (const [came, goes] of cases) assert.equal(masked(came), goes, came);
});

test('what tells and can not be masked does not go out', () => {
  for (const came of [
    `[{"data":1},{"errors":[{"message":"${STACK}"}]}]`,
    `{"errors":[],"errors":[{"message":"${STACK}"}]}`,
    `{"errors":[{"message":"${STACK}"}]`,
    `\ufeff{"errors":[{"message":"${STACK}"}]}`,
    `{"data":{},"incremental":[{"data":{},"errors":[{"message":"${STACK}"}]}]}`,
    `{"data":{},"errors":[],"completed":[{"id":"0","errors":[{"message":"m","stack":"a"}]}]}`,
    `[{"data":1},{"data":{},"incremental":[{"data":{},"errors":[{"message":"${STACK}"}]}]}]`,
    `{"data":{},"incremental":{"data":{},"errors":[{"message":"${STACK}"}]}}`,
  ]) {
    assert.equal(masked(came), null, came);
  }
});

test('text of two or four bytes a letter does not go out, whether it is said to be that or not', () => {
  const text = `{"errors":[{"message":"Error: x at f (/srv/app/orders.js:12:7)"}]}`;
  const little = Buffer.from(text, 'utf16le');
  const wide = Buffer.concat([...text].map((letter) => Buffer.from([letter.charCodeAt(0), 0, 0, 0])));
  const four = Buffer.from(wide).swap32();
  for (const bytes of [little, Buffer.from(little).swap16(), Buffer.from(`\ufeff${text}`, 'utf16le'), wide, four]) {
    assert.equal(maskErrors(bytes).kind, 'unreadable');
  }
});

test('a message that is longer than anybody looks through is masked', () => {
  const long = (message: string): string | null => masked(`{"errors":[{"message":"${message}"}]}`);
  assert.equal(long('m'.repeat(65_536)), `{"errors":[{"message":"${'m'.repeat(65_536)}"}]}`);
  assert.equal(long(`${'m'.repeat(65_536)} ${STACK}`), '{"errors":[{"message":"Internal server error"}]}');
});

test('errors within errors do not go on for ever', () => {
  const deep = `${'{"a":'.repeat(40)}"${STACK}"${'}'.repeat(40)}`;
  const goes = masked(`{"errors":[{"message":"m","extensions":${deep}}]}`);
  assert.ok(goes !== null && !goes.includes('orders.js'));
});

test('replies without errors pass, whatever their data are like', () => {
  const deep = `${'{"a":'.repeat(300)}[]${'}'.repeat(300)}`;
  const many = Array.from({ length: 120_000 }, (_, id) => `{"id":${id},"b":1,"c":2}`).join();
  for (const came of [
    '{"data":{"text":"1 \\u0026 2, \\u00e9, errors","x":1,"x":2}}',
    `{"data":{"errors":null,"deep":${deep}}}`,
    `{"data":{"errors":null,"many":[${many}]}}`,
  ]) {
    assert.equal(masked(came), came, came.slice(0, 80));
  }
});

test('guesses cost no more to look for than the text costs to read', () => {
  const timeOf = (word: string): number => {
    const message = word.repeat(4_000);
    const bytes = Buffer.from(JSON.stringify({ errors: Array(80).fill({ message }) }));
    const times = [1, 2, 3].map(() => {
      const began = performance.now();
      maskErrors(bytes);
      return performance.now() - began;
    });
    return Math.min(...times);
  };
  const plain = timeOf('Have you met ');
  for (const word of ['Did you mean ', 'Did you mean ?']) {
    const took = timeOf(word);
    assert.ok(took < 6 * plain, `${word}: ${took} ms, and ${plain} ms without`);
  }
});
