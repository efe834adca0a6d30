import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { REPLY_RULES } from '../../src/wire/http2/hpack-field.ts';
import { Decoding } from '../../src/wire/http2/hpack-fixture.test.ts';

// http2jp/hpack-test-case is data beside the repository, and not part of it.
const suite = new URL('../../../shared/suites/hpack/', import.meta.url);
const skip = existsSync(suite) ? false : 'the hpack-test-case suite is not there';

/** Blocks that other encoders made of the same lists; each story is one connection. */
interface Story {
  readonly cases: readonly {
    readonly seqno: number;
    readonly wire?: string;
    readonly headers: readonly Readonly<Record<string, string>>[];
  }[];
}

/** Encoders that were told of a larger table than the default. */
const LARGER_TABLE = new Set(['nghttp2-16384-4096', 'nghttp2-change-table-size']);

test('every block of every other encoder says what it was made of', { skip }, () => {
  let blocks = 0;
  for (const encoder of readdirSync(suite)) {
    // Lists without blocks, and what makes them.
    if (encoder === 'raw-data' || !/^[a-z][a-z0-9-]*$/.test(encoder)) continue;
    const folder = new URL(`${encoder}/`, suite);
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
      const story = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Story;
      blocks += decodeStory(story, `${encoder}/${file}`, LARGER_TABLE.has(encoder) ? 16_384 : 4_096);
    }
  }
  assert.ok(blocks >= 10_000, `only ${blocks} blocks were decoded`);
});

/** How many blocks there were. */
function decodeStory({ cases }: Story, from: string, tableBytes: number): number {
  const decoding = new Decoding({ rules: REPLY_RULES, tableBytes });
  for (const { seqno, wire, headers } of cases) {
    assert.ok(wire !== undefined, `${from} has no block ${seqno}`);
    assert.equal(decoding.decode(Buffer.from(wire, 'hex')), null, `${from}: ${seqno}`);
    const lines = headers.flatMap((each) => Object.entries(each).map(([name, value]) => `${name}: ${value}`));
    // What lies beyond ASCII was written down as UTF-8.
    assert.equal(decoding.lines.join('\n'), octets(lines.join('\n')), `${from}: ${seqno}`);
  }
  return cases.length;
}

function octets(text: string): string {
  return Buffer.from(text).toString('latin1');
}
