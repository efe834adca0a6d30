import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { fakePorts } from './fake-ports.test.ts';
import { issueAuthority } from './issue.ts';
import { chainPem, parseChain, parseKey } from './pem.ts';

const { ports } = fakePorts();
const nowMs = Date.UTC(2026, 0, 1);
const ca = await issueAuthority('a test CA', { notBeforeMs: nowMs, notAfterMs: nowMs + 86_400_000 }, ports.random);
const pem = chainPem(ca.chain);

test('certificates are found among other text, and a block that is cut begins none', () => {
  for (const text of [
    pem,
    `words -- and\n${pem}more`,
    `-----BEGIN CERTIFICATE-----\nMIIB\n${pem}`,
    pem.replaceAll('\n', '\r\n'),
  ])
    assert.ok(parseChain(text).ok, text.slice(0, 60));
  for (const text of ['', pem.slice(0, -10), pem.replace('END CERTIFICATE', 'END X')]) assert.ok(!parseChain(text).ok);
});

test('a key that is protected by a passphrase is told as such, with the dashes of its fields', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const sealed = { cipher: 'aes-256-cbc', passphrase: 'secret', format: 'pem' } as const;
  for (const type of ['pkcs1', 'pkcs8'] as const) {
    const read = parseKey(privateKey.export({ ...sealed, type }).toString());
    assert.match(read.ok ? '' : read.error, /passphrase/, type);
  }
});

test('beginnings without an end are passed over in one walk: looked on from each, they would take minutes', () => {
  for (const piece of ['-----BEGIN A-----\n', '-----BEGIN CERTIFICATE-----\n-----END C'])
    assert.ok(!parseChain(piece.repeat((16 * 1024 * 1024) / piece.length)).ok);
});
