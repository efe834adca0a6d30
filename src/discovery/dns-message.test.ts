import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, encode } from 'dns-packet';
import fc from 'fast-check';
import { isQueryName, isReplyTo, readReply, type RecordType, writeQuestion } from './dns-message.ts';

const NAME = 'orders.internal';

interface Said {
  readonly type?: RecordType;
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  readonly flags?: number;
  readonly id?: number;
  readonly name?: string;
}

function replyOf({ type = 'A', answers = [], authorities = [], flags = 0, id = 7, name = NAME }: Said): Uint8Array {
  const questions = [{ name, type, class: 'IN' as const }];
  return encode({ type: 'response', id, flags, questions, answers: [...answers], authorities: [...authorities] });
}

const a = (data: string, ttl = 60, name = NAME): Answer => ({ type: 'A', name, ttl, class: 'IN', data });
const cname = (name: string, data: string, ttl = 60): Answer => ({ type: 'CNAME', name, ttl, class: 'IN', data });
const soa = (ttl: number, minimum: number): Answer => ({
  type: 'SOA',
  name: 'internal',
  ttl,
  class: 'IN',
  data: { mname: 'a', rname: 'b', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
});

test('a question is one of the Internet, with recursion wanted and EDNS of 1,232 bytes', () => {
  const bytes = Buffer.from(writeQuestion(0x1234, 'a.b', 'SRV'));
  const end = Buffer.from('000029' + '04d0' + '00000000' + '0000', 'hex');
  const question = Buffer.from('0161' + '0162' + '00' + '0021' + '0001', 'hex');
  assert.deepEqual(
    bytes,
    Buffer.concat([Buffer.from('1234' + '0100' + '0001' + '0000' + '0000' + '0001', 'hex'), question, end]),
  );
});

test('a reply has the id and the question that were sent, in whatever case', () => {
  const question = writeQuestion(7, NAME, 'A');
  assert.equal(isReplyTo(question, replyOf({})), true);
  assert.equal(isReplyTo(question, replyOf({ name: 'ORDERS.internal' })), true);
  for (const other of [
    { id: 8 },
    { name: 'other.internal' },
    { type: 'AAAA' as const },
    { name: 'orders.internal.x' },
  ]) {
    assert.equal(isReplyTo(question, replyOf(other)), false, JSON.stringify(other));
  }
  assert.equal(isReplyTo(question, question), false, 'a question is no reply');
  for (let cut = 0; cut < 33; cut++) assert.equal(isReplyTo(question, replyOf({}).subarray(0, cut)), false);
});

test('addresses come with the shortest time to live of all that led to them, each once and in its plain form', () => {
  const answers = [cname(NAME, 'B.internal', 30), a('10.0.0.1', 60, 'b.internal'), a('10.0.0.1', 90, 'b.internal')];
  assert.deepEqual(readReply(replyOf({ answers }), NAME, 'A'), {
    kind: 'answer',
    addresses: ['10.0.0.1'],
    services: [],
    ttlSeconds: 30,
    aliases: 1,
  });
  const six: Answer = { type: 'AAAA', name: NAME, ttl: 5, class: 'IN', data: '2001:DB8:0:0::1' };
  const mapped: Answer = { type: 'AAAA', name: NAME, ttl: 5, class: 'IN', data: '::ffff:127.0.0.1' };
  const read = readReply(replyOf({ type: 'AAAA', answers: [six, mapped] }), NAME, 'AAAA');
  assert.deepEqual(read.kind === 'answer' ? read.addresses : read, ['2001:db8::1', '127.0.0.1']);
});

test('records of other names, classes and types are no answer', () => {
  const answers: Answer[] = [a('10.0.0.1', 60, 'evil.internal'), { ...a('10.0.0.2'), class: 'CH' } as Answer];
  assert.equal(readReply(replyOf({ answers }), NAME, 'A').kind, 'none');
  assert.equal(readReply(replyOf({ type: 'AAAA', answers: [a('10.0.0.1')] }), NAME, 'AAAA').kind, 'none');
});

test('services have priority, weight, port and host; the root is no host', () => {
  const srv = (target: string, weight: number): Answer => ({
    type: 'SRV',
    name: NAME,
    ttl: 9,
    class: 'IN',
    data: { priority: 3, weight, port: 8080, target },
  });
  assert.deepEqual(readReply(replyOf({ type: 'SRV', answers: [srv('A.internal', 5), srv('.', 0)] }), NAME, 'SRV'), {
    kind: 'answer',
    addresses: [],
    services: [
      { priority: 3, weight: 5, port: 8080, host: 'a.internal' },
      { priority: 3, weight: 0, port: 8080, host: '' },
    ],
    ttlSeconds: 9,
    aliases: 0,
  });
});

test('a time to live with its highest bit set is none', () => {
  const read = readReply(replyOf({ answers: [a('10.0.0.1', 0x8000_0001)] }), NAME, 'A');
  assert.equal(read.kind === 'answer' ? read.ttlSeconds : null, 0);
});

test('nothing there holds for the lesser of what the zone says, and so does no such name', () => {
  const none = { kind: 'none', aliases: 0 };
  assert.deepEqual(readReply(replyOf({ authorities: [soa(30, 9)] }), NAME, 'A'), { ...none, ttlSeconds: 9 });
  assert.deepEqual(readReply(replyOf({ authorities: [soa(4, 9)] }), NAME, 'A'), { ...none, ttlSeconds: 4 });
  assert.deepEqual(readReply(replyOf({}), NAME, 'A'), { ...none, ttlSeconds: 5 });
  const missing = readReply(replyOf({ flags: 3, authorities: [soa(4, 9)] }), NAME, 'A');
  assert.deepEqual(missing, { ...none, ttlSeconds: 4 });
});

test('an alias of which the reply says no more is asked for by whoever reads it', () => {
  assert.deepEqual(readReply(replyOf({ answers: [cname(NAME, 'b.internal', 8)] }), NAME, 'A'), {
    kind: 'alias',
    name: 'b.internal',
    ttlSeconds: 8,
    aliases: 1,
  });
  const said = { answers: [cname(NAME, 'b.internal', 8)], authorities: [soa(4, 9)] };
  assert.equal(readReply(replyOf(said), NAME, 'A').kind, 'none', 'it says that there is nothing');
});

test('aliases in a circle, too many of them, and ones that are no names are failures', () => {
  const circle = [cname(NAME, 'b.internal'), cname('b.internal', NAME)];
  const chain = Array.from({ length: 9 }, (_, at) => cname(at === 0 ? NAME : `n${at}`, `n${at + 1}`));
  for (const answers of [circle, chain, [cname(NAME, 'a b')]]) {
    assert.equal(readReply(replyOf({ answers }), NAME, 'A').kind, 'failed');
  }
  const eight = [...chain.slice(0, 8), a('10.0.0.1', 1, 'n8')];
  assert.equal(readReply(replyOf({ answers: eight }), NAME, 'A').kind, 'answer');
});

test('a server that can not say is a failure in words, and a reply that was cut off is told', () => {
  assert.deepEqual(readReply(replyOf({ flags: 2 }), NAME, 'A'), {
    kind: 'failed',
    detail: 'the server answered SERVFAIL',
  });
  assert.deepEqual(readReply(replyOf({ flags: 9 }), NAME, 'A'), {
    kind: 'failed',
    detail: 'the server answered with code 9',
  });
  assert.deepEqual(readReply(replyOf({ flags: 0x0200 }), NAME, 'A'), { kind: 'truncated' });
});

test('whatever bytes follow the question, reading ends in one of the known ways and gives only plain addresses', () => {
  const head = Buffer.from(replyOf({ answers: [a('10.0.0.1')] }));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(40), (bytes, keep) => {
      const message = Buffer.concat([head.subarray(0, head.length - keep), bytes]);
      const read = readReply(message.length < 12 ? head : message, NAME, 'A');
      if (read.kind === 'answer') for (const each of read.addresses) assert.match(each, /^[0-9.]+$/);
    }),
  );
  // A name that points at itself, and names that point to and fro.
  for (const pointer of ['c00c', 'c021', 'ffff']) {
    const message = Buffer.concat([
      replyOf({}).subarray(0, 33),
      Buffer.from(pointer + '000100010000003c00040a000001', 'hex'),
    ]);
    message.writeUInt16BE(1, 6);
    assert.ok(['answer', 'failed', 'none'].includes(readReply(message, NAME, 'A').kind));
  }
});

test('names that can be asked for are of letters, digits, `-` and `_`', () => {
  for (const name of ['a', '_http._tcp.a-b.internal', 'x'.repeat(63), `${'a.'.repeat(126)}a`])
    assert.ok(isQueryName(name));
  for (const name of ['', '.', 'a.', '.a', 'a..b', 'A', 'a b', 'ä', 'x'.repeat(64), `${'a.'.repeat(127)}a`, 'a\0b']) {
    assert.ok(!isQueryName(name), JSON.stringify(name));
  }
});
