import { err, ok, type Result } from '../base/index.ts';
import type { DnsServer, DnsTransport, Random } from '../ports/index.ts';
import {
  ALIAS_LIMIT,
  type DnsReply,
  isQueryName,
  isReplyTo,
  readReply,
  type RecordType,
  type ServiceRecord,
  writeQuestion,
} from './dns-message.ts';

/** Whom to ask, and how patiently. */
export interface DnsServers {
  /** In the order in which they are asked. */
  readonly servers: readonly DnsServer[];
  readonly timeoutMs: number;
  /** How often the whole list is gone through. */
  readonly attempts: number;
}

/** What a name has of a type: an empty list where it has nothing, and where there is no such name at all. */
export interface DnsAnswer {
  readonly addresses: readonly string[];
  readonly services: readonly ServiceRecord[];
  readonly ttlSeconds: number;
}

/**
 * Asks servers of names: over UDP with an id and a port by chance, over TCP where a reply did not fit. A server that can
 * not say (or says nothing) is followed by the next. Aliases are followed over several replies where they must be.
 */
export class DnsClient {
  readonly #transport: DnsTransport;
  readonly #random: Random;

  constructor(transport: DnsTransport, random: Random) {
    this.#transport = transport;
    this.#random = random;
  }

  /** What a name has of a type; the error says why nobody could say. */
  async query(asked: string, type: RecordType, by: DnsServers): Promise<Result<DnsAnswer, string>> {
    let name = asked;
    let ttlSeconds = Number.POSITIVE_INFINITY;
    for (let aliases = 0; aliases <= ALIAS_LIMIT; ) {
      if (!isQueryName(name)) return err(`${asked} leads to what is no name`);
      const reply = await this.#askAll(name, type, by);
      if (!reply.ok) return reply;
      const found = reply.value;
      ttlSeconds = Math.min(ttlSeconds, found.ttlSeconds);
      // Those of the last reply count as well; one that gives only another name has one at least.
      aliases += found.aliases;
      if (aliases > ALIAS_LIMIT) break;
      switch (found.kind) {
        case 'alias':
          name = found.name;
          break;
        case 'answer':
          return ok({ addresses: found.addresses, services: found.services, ttlSeconds });
        case 'none':
          return ok({ addresses: [], services: [], ttlSeconds });
      }
    }
    return err(`the aliases of ${asked} go on for too long`);
  }

  async #askAll(
    name: string,
    type: RecordType,
    { servers, timeoutMs, attempts }: DnsServers,
  ): Promise<Result<Exclude<DnsReply, { readonly kind: 'failed' | 'truncated' }>, string>> {
    let fault = 'there is no server of names to ask';
    for (let attempt = 0; attempt < attempts; attempt++) {
      for (const server of servers) {
        const reply = await this.#ask(name, type, server, timeoutMs);
        if (reply.kind !== 'failed' && reply.kind !== 'truncated') return ok(reply);
        fault = reply.kind === 'failed' ? reply.detail : 'the reply is cut off, even over TCP';
        fault = `${type} ${name} of ${server.address} port ${server.port}: ${fault}`;
      }
    }
    return err(fault);
  }

  async #ask(name: string, type: RecordType, server: DnsServer, timeoutMs: number): Promise<DnsReply> {
    const question = writeQuestion(this.#nextId(), name, type);
    const wait = { timeoutMs, accept: (message: Uint8Array) => isReplyTo(question, message) };
    const received = await this.#transport.datagram(server, question, wait);
    if (!received.ok) return { kind: 'failed', detail: received.error };
    const reply = readReply(received.value, name, type);
    if (reply.kind !== 'truncated') return reply;
    const whole = await this.#transport.stream(server, question, wait);
    return whole.ok ? readReply(whole.value, name, type) : { kind: 'failed', detail: whole.error };
  }

  #nextId(): number {
    const bytes = new Uint8Array(2);
    this.#random.fill(bytes);
    return ((bytes[0] as number) << 8) | (bytes[1] as number);
  }
}
