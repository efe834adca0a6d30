import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../config/index.ts';
import { proofCells } from './coverage-proof.ts';

test('what has to be bound, and whether proofs need nonces, is told with its line', () => {
  const text = `version: 1
issuers:
  acme:
    issuer: https://id.acme.example
    audience: a
    proof: mtls
  other: { issuer: https://id.other.example, audience: a, proof: any }
  third: { issuer: https://id.third.example, audience: a }
apis:
  a:
    routes: ['GET /x']
    upstream: http://127.0.0.1:1
    auth: [acme, third]
    dpop: { nonce: required }
`;
  const parsed = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok);
  const [api] = parsed.value.config.apis;
  assert.ok(api !== undefined);
  const told = (auth: readonly string[]) =>
    proofCells(api, auth, parsed.value.config, (path) => path).map(({ holds, open, from }) => [holds, open, from]);
  const nonces = ['proofs with nonces', false, 'apis.a.dpop.nonce'];
  assert.deepEqual(told(['acme', 'third']), [['tokens of acme bound by mtls', false, 'issuers.acme.proof'], nonces]);
  assert.deepEqual(told(['other']), [['tokens of other bound by dpop or mtls', false, 'issuers.other.proof'], nonces]);
});
