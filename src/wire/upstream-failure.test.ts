import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf } from './upstream-failure.ts';

const codeOf = (code: string | undefined, ready = false): string =>
  failureOf(Object.assign(new Error('x'), code === undefined ? {} : { code }), ready).code;

test('what the system says is reach, what TLS says is trust', () => {
  for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'EPIPE']) {
    assert.equal(codeOf(code), 'upstream-unreachable', code);
  }
  for (const code of [
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'EPROTO',
    'INVALID_PURPOSE',
    undefined,
  ]) {
    assert.equal(codeOf(code), 'upstream-tls', `${code}`);
  }
  assert.equal(codeOf('ETIMEDOUT'), 'upstream-timeout');
});

test('once the connection stood, any error cuts the reply off', () => {
  for (const code of ['ECONNRESET', 'EPIPE', 'ERR_SSL_BAD_RECORD_TYPE'])
    assert.equal(codeOf(code, true), 'upstream-incomplete-reply');
});

test('who refuses us when the connection seems to stand does not trust us', () => {
  for (const code of [
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
  ])
    assert.equal(codeOf(code, true), 'upstream-tls', code);
  for (const code of ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', 'ERR_SSL_SSLV3_ALERT_UNEXPECTED_MESSAGE'])
    assert.equal(codeOf(code, true), 'upstream-incomplete-reply', code);
});

test('a machine without descriptors or ports left is overloaded, and no upstream is blamed', () => {
  for (const code of ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL']) {
    const fault: NodeJS.ErrnoException = Object.assign(new Error(code), { code });
    assert.deepEqual(failureOf(fault, false), { code: 'upstream-overloaded', detail: code });
  }
});
