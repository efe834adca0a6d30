import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { parseConfig } from './parse.ts';

/** What the policy is told of an API with these keys; null where there is none. */
function toldOf(keys: string): unknown {
  const text = `version: 1\napis:\n  a:\n    openapi: ./a.yaml\n    upstream: http://127.0.0.1:1\n    auth: public\n    ${keys}\n`;
  const parsed = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const policies = parsed.value.config.apis[0]?.policies ?? [];
  return policies.find(({ kind }) => kind === 'upstream-errors')?.config ?? null;
}

test('what an operation says of its errors, and whether its replies are judged, stands before the word of its API', () => {
  const own = 'operations: { one: { upstreamErrors: pass, validate: strict }, two: { validate: requests }, three: {} }';
  assert.deepEqual(toldOf(`validate: strict\n    ${own}`), {
    api: 'replace',
    operations: { one: 'pass' },
    strict: { api: true, operations: { one: true, two: false } },
  });
  assert.deepEqual(toldOf('upstreamErrors: pass\n    operations: { one: { upstreamErrors: replace } }'), {
    api: 'pass',
    operations: { one: 'replace' },
    strict: { api: false, operations: {} },
  });
});

test('of gRPC, whose errors stand in trailers, nothing can be said', () => {
  const text =
    'version: 1\napis:\n  a:\n    descriptors: ./a.binpb\n    upstream: http://127.0.0.1:1\n    auth: public\n';
  const issuesOf = (keys: string): readonly string[] => {
    const parsed = parseConfig(`${text}    ${keys}\n`, { file: '/etc/portcullis.yaml', kinds: [] });
    return parsed.ok ? [] : parsed.error.map(formatIssue);
  };
  assert.deepEqual(issuesOf(''), []);
  for (const way of ['replace', 'pass']) {
    const issues = issuesOf(`upstreamErrors: ${way}\n    operations: { a.B/*: { upstreamErrors: ${way} } }`);
    assert.deepEqual(
      issues.map((issue) => issue.slice(0, issue.indexOf(' ('))),
      ['7:5 apis.a.upstreamErrors', '8:28 apis.a.operations["a.B/*"].upstreamErrors'].map(
        (place) => `/etc/portcullis.yaml:${place}: gRPC tells errors in trailers, which pass`,
      ),
    );
  }
});

test('where all errors pass there is no policy', () => {
  assert.equal(toldOf('upstreamErrors: pass\n    operations: { one: { upstreamErrors: pass } }'), null);
});
