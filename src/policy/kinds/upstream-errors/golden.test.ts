import assert from 'node:assert/strict';
import { test } from 'node:test';
import bypass from './golden/bypass.json' with { type: 'json' };
import clean from './golden/clean.json' with { type: 'json' };
import realTraces from './golden/real-traces.json' with { type: 'json' };
import traces from './golden/traces.json' with { type: 'json' };
import { findTrace } from './stack-trace.ts';

/** A body, and what it shows. */
interface Golden {
  readonly name: string;
  readonly verdict: string | null;
  readonly body: string;
}

for (const [file, list] of Object.entries({ traces, clean, bypass })) {
  for (const { name, verdict, body } of list as readonly Golden[]) {
    test(`${file}: ${name}`, () => {
      assert.equal(findTrace(Buffer.from(body)), verdict);
    });
  }
}

/** How frameworks write a trace into what they answer. */
const DRESSES: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'in JSON': (text) => JSON.stringify({ error: text }),
  'in JSON within JSON': (text) => JSON.stringify({ body: JSON.stringify({ error: text }) }),
  'as lines in JSON': (text) => JSON.stringify({ trace: text.split('\n') }),
  'in a page': (text) => `<html><body><pre>${escapeHtml(text)}</pre></body></html>`,
  'in a page, with marks of lines': (text) => escapeHtml(text).replaceAll('\n', '<br>\n&nbsp;&nbsp;'),
};

function escapeHtml(text: string): string {
  const marks: readonly (readonly [string, string])[] = [
    ['&', '&amp;'],
    ['<', '&lt;'],
    ['>', '&gt;'],
    ['"', '&quot;'],
    ["'", '&#39;'],
  ];
  return marks.reduce((escaped, [mark, entity]) => escaped.replaceAll(mark, entity), text);
}

for (const { name, verdict, body } of realTraces as readonly Golden[]) {
  test(`what runtimes wrote: ${name}`, () => {
    const found = Object.entries(DRESSES).map(([dress, write]) => `${dress}: ${findTrace(Buffer.from(write(body)))}`);
    assert.deepEqual(
      found,
      Object.keys(DRESSES).map((dress) => `${dress}: ${verdict}`),
    );
  });
}

test('a body that wants to take long does not', () => {
  const pieces = [
    ...['at ', 'at a.', '<', '<b ', '\\', '\\u00', '&', '&#', '#0 /', 'File "', ' in /', 'a.java:', '"file":"', 'PHP '],
    ...[
      'System.',
      'java.a.',
      'a@file://',
      'at (',
      '.go:1',
      "thread '",
      "Unknown column '",
      'relation "',
      'org.apache.a',
    ],
    ...['at webpack', 'at new at new ', 'at async /a:', '(a 1', "Table 'a.", 'near "', 'panicked at a'],
    ...['a.', 'a(a', 'a(a.java:', 'ENOENT: a ', 'ENOENT: a, a ', ' at a', ' at a.pl line ', '[Errno 1', 'connect E'],
  ];
  const needed =
    '.java: in Exception Error <anonymous> #0 .go: at System. syntax error Unknown column @ org.apache. .ex: line ';
  for (const piece of pieces) {
    const body = Buffer.from((needed + piece.repeat(70_000)).slice(0, 65_536));
    const from = performance.now();
    findTrace(body);
    const tookMs = performance.now() - from;
    assert.ok(tookMs < 2_000, `${JSON.stringify(piece)} takes ${Math.round(tookMs)} ms`);
  }
});
