import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StillClock } from './fixture.test.ts';
import { type KeyQuestion, ThreadKeyRequests } from './key-requests.ts';

function keyRequests() {
  const clock = new StillClock();
  const sent: KeyQuestion[] = [];
  return { clock, sent, requests: new ThreadKeyRequests(clock, (question) => sent.push(question)) };
}

test('requests for the same issuer and source wait for one answer', async () => {
  const { requests, sent } = keyRequests();
  const first = requests.want('acme', '192.0.2.1');
  const second = requests.want('acme', '192.0.2.1');
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0], { kind: 'keysWanted', ask: 1, issuer: 'acme', source: '192.0.2.1' });
  requests.answer({ kind: 'keysAnswered', ask: 1 });
  await Promise.all([first, second]);
  assert.notEqual(requests.want('acme', '192.0.2.1'), null);
  assert.equal(sent.length, 2);
});

test('another issuer and another source ask for themselves', () => {
  const { requests, sent } = keyRequests();
  void requests.want('acme', '192.0.2.1');
  void requests.want('acme', '192.0.2.2');
  void requests.want('other', '192.0.2.1');
  assert.deepEqual(
    sent.map(({ issuer, source }) => [issuer, source]),
    [
      ['acme', '192.0.2.1'],
      ['acme', '192.0.2.2'],
      ['other', '192.0.2.1'],
    ],
  );
});

test('of one network at most 128 requests wait, and others find room', () => {
  const { requests, sent } = keyRequests();
  const ask = (at: number): Promise<void> | null => requests.want(`issuer-${at % 3}`, `2001:db8::${at.toString(16)}`);
  const waits = Array.from({ length: 130 }, (_, at) => ask(at));
  assert.equal(waits.filter((wait) => wait === null).length, 2);
  assert.equal(sent.length, 3, 'the addresses of one network ask together');
  assert.notEqual(requests.want('issuer-0', '2001:db8:0:1::1'), null);
  assert.notEqual(requests.want('issuer-0', '192.0.2.1'), null);
  requests.answer({ kind: 'keysAnswered', ask: 1 });
  const room = Array.from({ length: 44 }, (_, at) => ask(at));
  assert.equal(room.filter((wait) => wait === null).length, 1, '43 waited for that answer, and are gone');
  for (const { ask: number } of sent) requests.answer({ kind: 'keysAnswered', ask: number });
  assert.notEqual(ask(0), null);
});

test('nobody waits longer than two seconds', async () => {
  const { requests, clock } = keyRequests();
  const wanted = requests.want('acme', '192.0.2.1');
  clock.pass(2_000);
  await wanted;
});

test('a late answer and one that nobody asked for change nothing', async () => {
  const { requests, clock } = keyRequests();
  const wanted = requests.want('acme', '192.0.2.1');
  clock.pass(2_000);
  await wanted;
  requests.answer({ kind: 'keysAnswered', ask: 1 });
  requests.answer({ kind: 'keysAnswered', ask: 99 });
  assert.notEqual(requests.want('acme', '192.0.2.1'), null);
});

test('at most 256 requests wait, and room comes back with the answers', () => {
  const { requests, sent } = keyRequests();
  for (let at = 0; at < 256; at++) assert.notEqual(requests.want('acme', `192.0.2.${at}`), null);
  assert.equal(requests.want('acme', '198.51.100.1'), null);
  assert.equal(requests.want('acme', '192.0.2.1'), null, 'also one that would only join');
  assert.equal(sent.length, 256);
  requests.answer({ kind: 'keysAnswered', ask: 1 });
  assert.notEqual(requests.want('acme', '198.51.100.1'), null);
});
