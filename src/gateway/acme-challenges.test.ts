import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableVersion } from '../ports/index.ts';
import { ACME_CHALLENGES, AcmeChallenges, type ChallengeRow, nameKey, tokenKey } from './acme-challenges.ts';

const TOKEN = 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA';
const CERTIFICATE = { chainPem: 'chain', keyPem: 'key' };

function open(nowMs = 1_000) {
  const clock = { nowMs };
  const declared = new Set<string>();
  let held: TableVersion<unknown> = { declaration: ACME_CHALLENGES, version: 0, filledAtMs: null, rows: new Map() };
  const tables = {
    declare: ({ name }: { readonly name: string }): void => void declared.add(name),
    read: <Row>(name: string): TableVersion<Row> => {
      assert.ok(declared.has(name));
      return held as TableVersion<Row>;
    },
  };
  const challenges = new AcmeChallenges(tables, () => clock.nowMs);
  const fill = (version: number, ...rows: readonly [string, ChallengeRow][]): void => {
    held = { ...held, version, filledAtMs: clock.nowMs, rows: new Map(rows) };
  };
  const ask = (path: string, method = 'GET', query: string | null = null): string | null =>
    challenges.textFor({ method, path, query });
  return { challenges, clock, fill, ask };
}

test('a known token is answered, to GET of the very path and nothing else', () => {
  const { ask, fill } = open();
  const path = `/.well-known/acme-challenge/${TOKEN}`;
  assert.equal(ask(path), null);
  fill(1, [tokenKey(TOKEN), { text: 'answer' }], [nameKey('a.example'), CERTIFICATE]);
  assert.equal(ask(path), 'answer');
  for (const method of ['HEAD', 'POST', 'OPTIONS', 'get']) assert.equal(ask(path, method), null, method);
  assert.equal(ask(path, 'GET', 'x=1'), null);
  for (const other of [`${path}/`, `${path}x`, '/.well-known/acme-challenge/', `/x${path}`, path.toUpperCase()]) {
    assert.equal(ask(other), null, other);
  }
  fill(2);
  assert.equal(ask(path), null);
});

test('a token never leads to a certificate, nor a name to a text', () => {
  const { ask, fill, challenges } = open();
  fill(1, [tokenKey('a.example'), { text: 'answer' }], [nameKey(TOKEN), CERTIFICATE]);
  assert.equal(ask(`/.well-known/acme-challenge/${TOKEN}`), null);
  assert.equal(ask(`/.well-known/acme-challenge/tls:${TOKEN}`), null);
  assert.equal(challenges.certificateFor('a.example'), null);
  assert.deepEqual(challenges.certificateFor(TOKEN), CERTIFICATE);
});

test('what nobody took back in time is answered no more', () => {
  const { challenges, fill, clock } = open();
  fill(1, [nameKey('a.example'), CERTIFICATE]);
  clock.nowMs += ACME_CHALLENGES.staleAfterMs;
  assert.notEqual(challenges.certificateFor('a.example'), null);
  clock.nowMs += 1;
  assert.equal(challenges.certificateFor('a.example'), null);
});
