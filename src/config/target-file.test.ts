import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTargetFile } from './target-file.ts';

const read = (text: string): ReturnType<typeof readTargetFile> => readTargetFile(Buffer.from(text), '/t.yaml');

test('hosts with ports are read from YAML and from JSON, with weights where there are any', () => {
  const targets = [
    { host: '10.0.0.1', port: 3001, weight: 1 },
    { host: '2001:db8::1', port: 80, weight: 3 },
    { host: 'a.internal', port: 443, weight: 1 },
  ];
  const yaml = `targets:\n  - 10.0.0.1:3001\n  - { address: '[2001:db8::1]:80', weight: 3 }\n  - a.internal:443\n`;
  assert.deepEqual(read(yaml), { ok: true, value: targets });
  const json = { targets: ['10.0.0.1:3001', { address: '[2001:db8::1]:80', weight: 3 }, 'a.internal:443'] };
  assert.deepEqual(read(JSON.stringify(json, null, 2)), { ok: true, value: targets });
});

test('what is wrong is told with its line', () => {
  for (const [text, words] of [
    ['', '/t.yaml:1:1 is empty'],
    ['targets: []', '/t.yaml:1:10 targets: at least one target is needed'],
    ['- 10.0.0.1:1', '/t.yaml:1:1 expected keys with their values, found a list'],
    ['target: [10.0.0.1:1]', /1:1 target: unknown key \(did you mean "targets"\?\)/],
    ['targets: [10.0.0.1]', '/t.yaml:1:11 targets[0]: a target here is a host and its port (such as 10.0.0.1:3001)'],
    ['targets: [http://10.0.0.1:80]', /a target here is a host and its port/],
    ['targets: [10.0.0.1:0]', /an upstream has a port other than 0/],
    ['targets: [10.0.0.1:65536]', /no URL/],
    ['targets: [u:p@10.0.0.1:80]', /user name/],
    ['targets: [0x7f.1:80]', /unusual way/],
    ['targets: [{ address: 10.0.0.1:80, weight: 0 }]', /a weight is 1 at least/],
    ['targets: &x [*x]', /alias/],
  ] as const) {
    const result = read(text);
    assert.ok(!result.ok, text);
    if (typeof words === 'string') assert.equal(result.error, words);
    else assert.match(result.error, words, text);
  }
});

test('more targets than an upstream may have are refused, and so is what is not text', () => {
  const many = Array.from({ length: 1_001 }, (_, at) => `10.0.${at >> 8}.${at & 255}:80`);
  assert.match(JSON.stringify(read(JSON.stringify({ targets: many }))), /at most 1000 targets/);
  assert.equal(read(JSON.stringify({ targets: many.slice(0, 1_000) })).ok, true);
  assert.equal(readTargetFile(Uint8Array.of(0xff, 0xfe, 0), '/t.yaml').ok, false);
});
