import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { selfSigned } from './peers.test.ts';
import { upstreamContext } from './upstream-context.ts';

test('targets that prove themselves alike share what their CAs were read to, and no others', async () => {
  const [one = '', other = ''] = rootCertificates;
  const first = upstreamContext({ ca: one });
  // The same text, and another one in memory.
  assert.equal(upstreamContext({ ca: `${one.slice(0, 9)}${one.slice(9)}`, identity: null }), first);
  const second = upstreamContext({ ca: other });
  assert.notEqual(second, first);
  const ownCas = upstreamContext({ ca: null });
  assert.equal(new Set([first, second, ownCas, upstreamContext({ ca: one })]).size, 4);

  const { certPem: chainPem, keyPem } = await selfSigned('gateway.test');
  const identity = { chainPem, keyPem };
  const shown = upstreamContext({ ca: one, identity });
  assert.equal(upstreamContext({ ca: one, identity }), shown);
  const next = await selfSigned('gateway.test');
  const renewed = { chainPem: next.certPem, keyPem: next.keyPem };
  assert.notEqual(upstreamContext({ ca: one, identity: renewed }), shown);
  assert.notEqual(upstreamContext({ ca: one }), shown);
});
