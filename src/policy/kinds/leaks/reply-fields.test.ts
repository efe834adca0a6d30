import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeakJudge } from '../../../leaks/index.ts';
import type { HeaderMap } from '../../../wire/index.ts';
import type { ResponseEditor } from '../../exchange.ts';
import { dropTelling } from './reply-fields.ts';

const CARD = '4111111111111111';
const judge = new LeakJudge({ classes: { cards: 'mask' }, allow: [], fields: {}, own: [] }, new Set<string>());

/** The names of the fields that go; null where one can't. */
function dropped(...fields: readonly (readonly [name: string, value: string])[]): readonly string[] | null {
  const gone: string[] = [];
  const headers = { entries: () => fields.values() } as unknown as HeaderMap;
  const editor = { removeHeader: (name: string) => void gone.push(name) } as unknown as ResponseEditor;
  return dropTelling(headers, judge, editor) ? gone : null;
}

test('a field in which something is found goes as a whole, once', () => {
  assert.deepEqual(dropped(['X-Card', CARD], ['x-card', `a ${CARD}`], ['x-other', 'b']), ['x-card']);
});

test('one that no policy may take away lets nothing leave', () => {
  for (const name of ['Via', 'date', 'x-request-id', 'Content-Length', 'content_length', 'x-(card)'])
    assert.equal(dropped([name, CARD]), null, name);
});
