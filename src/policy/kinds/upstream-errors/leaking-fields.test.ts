import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResponseEditor } from '../../exchange.ts';
import { dropTelling } from './leaking-fields.ts';

function droppedOf(lines: readonly (readonly [name: string, value: string])[]): readonly string[] {
  const dropped: string[] = [];
  const headers = { entries: () => lines.values() } as unknown as Parameters<typeof dropTelling>[0];
  assert.ok(
    dropTelling(headers, { removeHeader: (name: string) => void dropped.push(name) } as unknown as ResponseEditor),
  );
  return dropped;
}

const GONE = ['content-disposition', 'content-range', 'expires', 'server-timing', 'x-runtime', 'x-chromelogger-data'];
const KEPT = [
  'retry-after',
  'www-authenticate',
  'x-trace-id',
  'x-cloud-trace-context',
  'x-amzn-trace-id',
  'set-cookie',
];

test('what is true of the body that was replaced goes, and what tells of the inside; what helps those who ask stays', () => {
  assert.deepEqual(droppedOf([...GONE, ...KEPT].map((name) => [name, '1'])), GONE);
});
