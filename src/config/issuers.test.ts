import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { parseConfig } from './parse.ts';

function issuesWith(said: string): string {
  const text = `version: 1
issuers: { acme: { issuer: 'https://id.acme.example', audience: a, ca: ./ca.pem, ${said} } }
apis: { orders: { routes: [GET /x], upstream: 'http://127.0.0.1:1', auth: [acme] } }
`;
  const parsed = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  return parsed.ok ? 'nothing' : parsed.error.map(formatIssue).join('\n');
}

const asked = (more = ''): string => `introspection: { client: { id: g, secret: '\${env:SECRET}' }${more} }`;

test('CAs of an issuer that nobody is verified by are refused', () => {
  const idle =
    /^\/etc\/portcullis\.yaml:2:\d+ issuers\.acme\.ca: nobody is verified by these CAs.* \(take this key away\)$/;
  assert.match(issuesWith('jwks: ./keys.json'), idle);
  assert.match(issuesWith(`jwks: ./keys.json, ${asked(', ca: ./own.pem')}`), idle);
  assert.match(issuesWith(asked(', ca: ./own.pem, for: all')), idle);
});

test('CAs of an issuer are taken where its metadata, its keys or its words on tokens are had by them', () => {
  for (const said of [
    'jwks: discovery',
    'jwks: https://id.acme.example/keys',
    `jwks: ./keys.json, ${asked()}`,
    `jwks: discovery, ${asked(', ca: ./own.pem')}`,
    asked(', ca: ./own.pem, for: all, jwt: true'),
    asked(', for: all'),
  ])
    assert.equal(issuesWith(said), 'nothing', said);
});
