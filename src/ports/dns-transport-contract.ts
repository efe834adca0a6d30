import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { DnsServer, DnsTransport } from './dns-transport.ts';

/** A transport, a server that answers each message with what `answer` makes of it, and an address where nobody answers. */
export interface DnsTransportSubject {
  readonly transport: DnsTransport;
  readonly server: DnsServer;
  readonly silent: DnsServer;
  /** From now on; the server has been asked by a port each time. */
  answer(make: (message: Uint8Array, port: number) => readonly Uint8Array[]): void;
}

type MakeSubject = (t: TestContext) => Promise<DnsTransportSubject>;

const QUESTION = Uint8Array.of(1, 2, 3, 4);
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** What every DnsTransport promises. */
export function dnsTransportContract(name: string, makeSubject: MakeSubject): void {
  describe(`${name} keeps the contract of DnsTransport`, () => {
    for (const way of ['datagram', 'stream'] as const) {
      test(`a message goes out whole and its reply comes back whole (${way})`, async (t) => {
        const { transport, server, answer } = await makeSubject(t);
        answer((message) => [Uint8Array.from(message, (byte) => byte + 1)]);
        const reply = await transport[way](server, QUESTION, { timeoutMs: 20_000, accept: () => true });
        assert.deepEqual(reply, { ok: true, value: bytes(2, 3, 4, 5) });
      });

      test(`messages that are not accepted are passed over (${way})`, async (t) => {
        const { transport, server, answer } = await makeSubject(t);
        answer(() => [bytes(9), bytes(8, 8), bytes(7, 7, 7)]);
        const wait = { timeoutMs: 20_000, accept: (message: Uint8Array) => message.length === 3 };
        assert.deepEqual(await transport[way](server, QUESTION, wait), { ok: true, value: bytes(7, 7, 7) });
      });

      test(`a flood of messages that are not accepted ends the waiting (${way})`, async (t) => {
        const { transport, server, answer } = await makeSubject(t);
        answer(() => Array.from({ length: 200 }, () => bytes(0)));
        const reply = await transport[way](server, QUESTION, { timeoutMs: 20_000, accept: () => false });
        assert.deepEqual(reply, { ok: false, error: 'too many messages that are no reply to this question' });
      });

      test(`nobody answering is an error in words (${way})`, async (t) => {
        const { transport, silent } = await makeSubject(t);
        const reply = await transport[way](silent, QUESTION, { timeoutMs: 50, accept: () => true });
        assert.ok(!reply.ok && reply.error.length > 0);
      });

      test(`a server that is no address is an error (${way})`, async (t) => {
        const { transport } = await makeSubject(t);
        const reply = await transport[way]({ address: 'dns.example', port: 53 }, QUESTION, {
          timeoutMs: 20_000,
          accept: () => true,
        });
        assert.deepEqual(reply, { ok: false, error: 'dns.example is no address' });
      });
    }

    test('more questions at once than any transport has sockets for are all answered', async (t) => {
      const { transport, server, answer } = await makeSubject(t);
      answer((message) => [message]);
      const wait = { timeoutMs: 20_000, accept: (): boolean => true };
      const asked = Array.from({ length: 600 }, () => transport.stream(server, QUESTION, wait));
      assert.equal((await Promise.all(asked)).filter((reply) => !reply.ok).length, 0);
    });

    test('each datagram goes out from a port of its own', async (t) => {
      const { transport, server, answer } = await makeSubject(t);
      const ports: number[] = [];
      answer((message, port) => {
        ports.push(port);
        return [message];
      });
      const asked = Array.from({ length: 16 }, () =>
        transport.datagram(server, QUESTION, { timeoutMs: 20_000, accept: () => true }),
      );
      assert.ok((await Promise.all(asked)).every((reply) => reply.ok));
      assert.equal(new Set(ports).size, 16);
    });
  });
}
