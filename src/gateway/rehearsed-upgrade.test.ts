import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StillClock } from './fixture.test.ts';
import { rehearse, type RehearsedVerdict } from './rehearse.ts';
import { type ChatBench, startChat, upgradeRequest } from './websocket-fixture.test.ts';

/** What becomes of the request with this head in a rehearsal. */
async function rehearsed(chat: ChatBench, head: string): Promise<RehearsedVerdict> {
  const [line = '', ...lines] = head.trimEnd().split('\r\n');
  const [method = '', target = ''] = line.split(' ');
  const fields = lines.map((text): [string, string] => {
    const [name = '', ...value] = text.split(': ');
    return [name, value.join(': ')];
  });
  const snapshot = chat.gateway.current;
  assert.ok(snapshot !== null);
  const host = fields.find(([name]) => name === 'Host')?.[1] ?? '';
  const headers = fields.filter(([name]) => name !== 'Host');
  const question = { method, target, host, headers, body: null, caller: { kind: 'anonymous' } as const };
  return (await rehearse(snapshot, question, new StillClock())).verdict;
}

const REQUESTS: readonly (readonly [name: string, websocket: string, head: string, status: number])[] = [
  ['from no page', 'on', upgradeRequest(), 101],
  ['from its own page', 'on', upgradeRequest('Origin: https://api.test'), 101],
  ['from another page', 'on', upgradeRequest('Origin: https://evil.test'), 403],
  ['from any page where any may', '{ origins: any }', upgradeRequest('Origin: https://evil.test'), 101],
  ['of another version', 'on', upgradeRequest().replace('Version: 13', 'Version: 8'), 400],
  ['without a key', 'on', upgradeRequest().replace(/Sec-WebSocket-Key.*\r\n/, ''), 400],
];

for (const [name, websocket, head, status] of REQUESTS) {
  test(`an upgrade ${name} is rehearsed as traffic is judged`, async (t) => {
    const chat = await startChat(t, websocket);
    const verdict = await rehearsed(chat, head);
    assert.equal(chat.upstreamEnds.length, 0, 'a rehearsal asks nobody');
    const reply = await chat.client().send(head).reply();
    assert.equal(reply.status, status);
    if (verdict.kind === 'pass') assert.deepEqual([verdict.upgrade, status], ['websocket', 101]);
    else assert.equal(verdict.kind === 'refused' && verdict.status, status);
  });
}

test('what asks the upstream for the upgrade is written anew, and is told', async (t) => {
  const verdict = await rehearsed(await startChat(t), upgradeRequest('Sec-WebSocket-Extensions: permessage-deflate'));
  assert.ok(verdict.kind === 'pass');
  const asking = ['connection', 'upgrade', 'sec-websocket-version', 'sec-websocket-key'];
  assert.deepEqual(
    asking.filter((name) => !verdict.added.includes(name)),
    [],
  );
  assert.ok(verdict.removed.includes('sec-websocket-extensions'));
});

test('where an operation offers none, an upgrade is dropped and the request passes without', async (t) => {
  const verdict = await rehearsed(await startChat(t), upgradeRequest().replace('/chat', '/plain'));
  assert.ok(verdict.kind === 'pass');
  assert.deepEqual([verdict.upgrade, verdict.added.includes('upgrade')], [null, false]);
  assert.ok(verdict.removed.includes('upgrade'));
});
