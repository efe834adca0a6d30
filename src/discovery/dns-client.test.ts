import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, decode, encode } from 'dns-packet';
import { err, ok } from '../base/index.ts';
import type { DnsTransport } from '../ports/index.ts';
import { DnsClient } from './dns-client.ts';
import { fakeRandom } from './fake-time.test.ts';

const BY = { servers: [{ address: '10.0.0.2', port: 53 }], timeoutMs: 1, attempts: 1 };

/** A server at which `n0` is `length` aliases away from the name that has an address, and which says so many of them at once. */
function chained(length: number, atOnce: number): DnsTransport {
  return {
    datagram: async (_server, message) => {
      const { id = 0, questions = [] } = decode(Buffer.from(message));
      const first = Number(questions[0]?.name.slice(1));
      const last = Math.min(first + atOnce, length);
      const answers: Answer[] = [];
      for (let at = first; at < last; at++)
        answers.push({ type: 'CNAME', name: `n${at}`, ttl: 9, class: 'IN', data: `n${at + 1}` });
      if (last === length) answers.push({ type: 'A', name: `n${last}`, ttl: 9, class: 'IN', data: '10.0.0.1' });
      return ok(encode({ type: 'response', id, flags: 0, questions, answers }));
    },
    stream: async () => err('not asked'),
  };
}

test('eight aliases are followed, in however many replies they stand, and not one more', async () => {
  for (const atOnce of [1, 2, 3, 5, 8, 20]) {
    const eight = await new DnsClient(chained(8, atOnce), fakeRandom()).query('n0', 'A', BY);
    assert.deepEqual(eight.ok ? eight.value.addresses : eight.error, ['10.0.0.1'], `${atOnce} at once`);
    const nine = await new DnsClient(chained(9, atOnce), fakeRandom()).query('n0', 'A', BY);
    assert.match(nine.ok ? 'followed' : nine.error, /too long/, `${atOnce} at once`);
  }
});
