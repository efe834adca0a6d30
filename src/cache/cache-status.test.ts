import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CACHE_STATUS, type CacheStatus, writeCacheStatus } from './index.ts';

const write = (status: CacheStatus): string => writeCacheStatus('portcullis', status);

test('a member says how a request was answered (RFC 9211 §2)', () => {
  assert.equal(CACHE_STATUS, 'cache-status');
  assert.equal(write({ hit: true, ttlSeconds: 30 }), 'portcullis; hit; ttl=30');
  assert.equal(write({ hit: true, ttlSeconds: -412 }), 'portcullis; hit; ttl=-412');
  assert.equal(write({ fwd: 'uri-miss', stored: true, ttlSeconds: 60 }), 'portcullis; fwd=uri-miss; ttl=60; stored');
  assert.equal(write({ fwd: 'stale', fwdStatus: 304 }), 'portcullis; fwd=stale; fwd-status=304');
  assert.equal(write({ fwd: 'vary-miss', collapsed: true }), 'portcullis; fwd=vary-miss; collapsed');
  assert.equal(write({ fwd: 'bypass', detail: 'method-override' }), 'portcullis; fwd=bypass; detail=method-override');
});

test('hit stands beside nothing that is said of a request that went on (RFC 9211 §2.2 to §2.5)', () => {
  assert.equal(write({ hit: true, fwd: 'stale', fwdStatus: 200, stored: true }), 'portcullis; hit');
});

test('a number is one that a structured field holds', () => {
  assert.equal(write({ hit: true, ttlSeconds: 1e20 }), 'portcullis; hit; ttl=999999999999999');
});

test('nothing but a token is written as one', () => {
  assert.throws(() => write({ detail: 'a; hit' }));
  assert.throws(() => writeCacheStatus('a, b', {}));
});
