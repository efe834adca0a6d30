import type { Result } from '../base/index.ts';

/** A TXT record that a CA looks for (RFC 8555 §8.4): `_acme-challenge.HOST`, and a value of base64url. */
export interface DnsRecord {
  readonly name: string;
  readonly value: string;
}

/** `present` adds a record to those of its name, `cleanup` takes that one away and leaves the others. */
export type DnsHookAction = 'present' | 'cleanup';

/** What changes the DNS for us: a program of the operator. */
export interface DnsHook {
  /** Runs it, for a minute at most. The error says in words how it failed, and repeats nothing that it printed. */
  run(action: DnsHookAction, record: DnsRecord): Promise<Result<void, string>>;
}
