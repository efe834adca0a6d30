import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { ApiConfig } from './config.ts';
import type { Comparable } from './config-change.ts';
import { diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';

function textOf(keys: string, operations = ''): string {
  const more = operations === '' ? '' : `    operations:\n${operations}`;
  return `version: 1
apis:
  a:
    openapi: ./o.json
    upstream: http://127.0.0.1:1
    auth: public
${keys}${more}`;
}

const line = (text: string): string => `    ${text}\n`;
const own = (name: string, keys: string): string => `      ${name}: { ${keys} }\n`;

function parse(text: string) {
  return parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
}

function apiOf(text: string): ApiConfig {
  const parsed = parse(text);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const [api] = parsed.value.config.apis;
  assert.ok(api !== undefined);
  return api;
}

/** What the policy that judges replies is made with; null where there is none. */
function policyOf(text: string): unknown {
  const use = apiOf(text).policies.find(({ kind }) => kind === 'openapi-response');
  return use === undefined ? null : { config: use.config, mode: use.mode, modes: use.modes, path: use.path };
}

const DROP = { undescribed: 'drop', headers: 'pass' };
const NOTED = { undescribed: 'report', headers: 'pass' };

test('replies are judged where the configuration says strict or observe, and nowhere else', () => {
  assert.equal(policyOf(textOf('')), null);
  assert.equal(policyOf(textOf(line('validate: requests'), own('x', 'validate: requests'))), null);
  assert.deepEqual(policyOf(textOf(line('validate: strict'))), {
    config: { rules: DROP, operations: {} },
    ...{ mode: 'enforce', modes: {}, path: 'apis.a.validate' },
  });
  assert.deepEqual(policyOf(textOf(line('validate: observe'))), {
    config: { rules: NOTED, operations: {} },
    ...{ mode: 'observe', modes: {}, path: 'apis.a.validate' },
  });
});

test('an operation has its own word, and the rest from its API', () => {
  const keys = line('validate: strict') + line('undescribed: refuse');
  const operations =
    own('open', 'validate: requests') +
    own('seen', 'validate: observe') +
    own('told', 'undescribed: report') +
    own('less', 'responseHeaders: described');
  assert.deepEqual(policyOf(textOf(keys, operations)), {
    config: {
      rules: { undescribed: 'refuse', headers: 'pass' },
      operations: {
        open: null,
        seen: NOTED,
        told: { undescribed: 'report', headers: 'pass' },
        less: { undescribed: 'refuse', headers: 'described' },
      },
    },
    mode: 'enforce',
    modes: { open: 'enforce', seen: 'observe', told: 'enforce', less: 'enforce' },
    path: 'apis.a.validate',
  });
  assert.deepEqual(policyOf(textOf('', own('one', 'validate: strict'))), {
    config: { rules: null, operations: { one: DROP } },
    ...{ mode: 'enforce', modes: { one: 'enforce' }, path: 'apis.a.operations.one.validate' },
  });
});

test('to observe keeps no WebSocket from being offered', () => {
  const socket = own('socket', 'websocket: { origins: any }');
  const policy = policyOf(textOf(line('validate: observe'), socket)) as { config: { operations: object } };
  assert.deepEqual(policy.config.operations, { socket: null });
});

for (const [what, text, wanted] of [
  [
    'a word on what is not judged',
    textOf(line('undescribed: drop')),
    /^.*:7:5 apis\.a\.undescribed: replies are judged with/,
  ],
  ['the same of headers', textOf(line('validate: observe') + line('responseHeaders: described')), /:8:5 apis\.a\.resp/],
  [
    'the same of an operation',
    textOf(line('validate: strict'), own('x', 'validate: requests, undescribed: drop')),
    /x\.undescribed/,
  ],
  [
    'the same where its API is not strict',
    textOf('', own('x', 'undescribed: drop')),
    /x\.undescribed: replies are judged/,
  ],
  ['a slip', textOf(line('validate: strict') + line('undescribed: dropp')), /undescribed/],
  ['a slip in validate', textOf(line('validate: strickt')), /did you mean "strict"/],
] as const) {
  test(`${what} is told with its line`, () => {
    const parsed = parse(text);
    assert.ok(!parsed.ok);
    assert.match(parsed.error.map(formatIssue).join('\n'), wanted);
  });
}

test('a word of the API is kept by an operation that is strict', () => {
  assert.ok(parse(textOf(line('undescribed: refuse'), own('x', 'validate: strict'))).ok);
});

/** How the change from one to the other is told, of one operation that the document has. */
function changes(before: string, after: string): readonly string[] {
  const side = (keys: string): Comparable => {
    const parsed = parse(textOf(keys));
    assert.ok(parsed.ok, keys);
    const operation = { id: 'x', method: 'GET', template: '/x', deprecated: false, security: null };
    const descriptions = { a: { operations: [operation] } };
    return {
      config: parsed.value.config,
      descriptions,
      documents: {},
      files: {},
      secrets: {},
    } as unknown as Comparable;
  };
  return diffConfigurations(side(before), side(after)).map(
    ({ effect, about, message }) => `${effect} ${about}: ${message}`,
  );
}

test('whatever lets more of replies through is told as a loosening', () => {
  const [requests, strict, observe] = ['requests', 'strict', 'observe'].map((word) => line(`validate: ${word}`)) as [
    string,
    string,
    string,
  ];
  const refuse = strict + line('undescribed: refuse');
  const report = strict + line('undescribed: report');
  const described = strict + line('responseHeaders: described');
  assert.deepEqual(changes(strict, strict + line('undescribed: drop')), []);
  assert.deepEqual(changes(requests, strict), ['tightens validation: replies are validated too']);
  assert.deepEqual(changes(strict, requests), ['loosens validation: replies are no longer validated']);
  assert.deepEqual(changes(observe, strict), ['tightens validation: requests and replies are validated']);
  const recorded = 'loosens validation: requests and replies that differ from the description are only recorded';
  assert.deepEqual(changes(strict, observe), [recorded]);
  assert.deepEqual(changes(requests, observe), [recorded]);
  assert.deepEqual(changes(strict, report), [
    'loosens replies: what is not described in replies passes, and is recorded',
  ]);
  assert.deepEqual(changes(refuse, strict), ['loosens replies: what is not described is taken out of replies']);
  assert.deepEqual(changes(report, refuse), ['tightens replies: replies with what is not described are refused']);
  assert.deepEqual(changes(described, strict), [
    'loosens replies: header fields of replies that are not described pass',
  ]);
  assert.deepEqual(changes(strict, described), [
    'tightens replies: header fields of replies that are not described are taken out',
  ]);
  assert.deepEqual(changes(requests, report), [
    'loosens replies: what is not described in replies passes, and is recorded',
    'tightens validation: replies are validated too',
  ]);
});
