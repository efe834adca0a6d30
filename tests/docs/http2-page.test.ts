import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ErrorCode, HTTP2_FAULTS } from '../../src/wire/http2/protocol.ts';
import { ROOT } from './pages.ts';

const page = readFileSync(join(ROOT, 'docs/guide/http2.md'), 'utf8');

const OPENINGS = {
  connection: ['GOAWAY'],
  stream: ['RST_STREAM'],
  either: ['RST_STREAM or GOAWAY', 'RST_STREAM'],
} as const;

test('the guide lists every fault for which a stream or a connection is ended, and how', () => {
  const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \| [^|]+ \| ([^|]+) \|$/gm)].slice(1);
  assert.deepEqual(
    rows.map(([, reason]) => reason),
    Object.keys(HTTP2_FAULTS),
  );
  for (const [, reason = '', answer = ''] of rows) {
    const { scope, code } = HTTP2_FAULTS[reason as keyof typeof HTTP2_FAULTS];
    const expected = OPENINGS[scope].map((opening) => `${opening} ${nameOf(code)}`);
    assert.ok(
      expected.some((text) => answer === text || answer.startsWith(`${text},`)),
      `${reason}: ${answer}`,
    );
  }
});

/** As RFC 9113 §7 writes it. */
function nameOf(code: number): string {
  const [name = ''] = Object.entries(ErrorCode).find(([, value]) => value === code) ?? [];
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
