import { createHmac } from 'node:crypto';
import { type Secret, webhookKey } from '../../base/index.ts';
import type { AlertRecord, Clock, Egress, Log, Timer } from '../../ports/index.ts';

/** Where alerts go, and the key that signs them. */
export interface WebhookTarget {
  readonly url: string;
  readonly secret: Secret;
}

/** What the webhook needs. `target` is asked before each attempt; null where none is configured. */
export interface WebhookAlertsOptions {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly log: Log;
  readonly target: () => WebhookTarget | null;
  /** Hears of each alert that is given up or has no room. */
  readonly onLost?: () => void;
}

/** Sends alerts to one place. */
export interface WebhookAlerts {
  /** Takes a new alert to be sent. Never throws and never waits. */
  send(record: AlertRecord): void;
  /** Nothing is sent after this; what waited is dropped. */
  close(): void;
}

const TIMEOUT_MS = 5_000;
const REPLY_LIMIT_BYTES = 64 * 1024;
/** The waits before the second, the third and the last attempt. */
const RETRY_MS = [1_000, 10_000, 60_000];
/** Alerts that wait. Beyond these the oldest that is not critical goes; all of them are in the store and the log. */
const QUEUE_LIMIT = 100;

/**
 * POSTs each alert as JSON, signed as Standard Webhooks 1.0 has it, one after the other and oldest first. Any status of
 * 2xx is success; else it is tried again after 1, 10 and 60 seconds and then given up. What cannot be sent is told to
 * the log and never becomes an alert itself. While no target is configured nothing is kept for later.
 */
export function createWebhookAlerts(options: WebhookAlertsOptions): WebhookAlerts {
  return new Sender(options);
}

class Sender implements WebhookAlerts {
  readonly #options: WebhookAlertsOptions;
  readonly #queue: AlertRecord[] = [];
  #attempts = 0;
  #calling = false;
  #timer: Timer | null = null;
  #dropped = 0;
  #closed = false;

  constructor(options: WebhookAlertsOptions) {
    this.#options = options;
  }

  send(record: AlertRecord): void {
    if (this.#closed) return;
    try {
      if (this.#options.target() === null) return;
      this.#queue.push(record);
      if (this.#queue.length > QUEUE_LIMIT) this.#drop();
      this.#next();
    } catch (error) {
      this.#complain('an alert could not be taken for the webhook', { error: String(error) });
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#queue.length = 0;
  }

  /** The first of the queue is the one being sent, and stays. */
  #drop(): void {
    const found = this.#queue.findIndex(({ severity }, at) => at > 0 && severity !== 'critical');
    const [gone] = this.#queue.splice(found < 0 ? 1 : found, 1);
    this.#dropped += 1;
    this.#options.onLost?.();
    this.#complain('more alerts than the webhook can take: one was dropped', {
      kind: gone?.kind,
      dropped: this.#dropped,
    });
  }

  #next(): void {
    const [record] = this.#queue;
    if (this.#calling || this.#timer !== null || record === undefined) return;
    this.#calling = true;
    void this.#deliver(record)
      .catch((error: unknown) => `a fault of the program: ${String(error)}`)
      .then((fault) => {
        this.#calling = false;
        if (!this.#closed) this.#settle(record, fault);
      });
  }

  #settle(record: AlertRecord, fault: string | null): void {
    const delayMs = fault === null ? undefined : RETRY_MS[this.#attempts];
    if (delayMs !== undefined) {
      this.#attempts += 1;
      this.#timer = this.#options.clock.after(delayMs, () => {
        this.#timer = null;
        this.#next();
      });
      return;
    }
    if (fault !== null) {
      this.#options.onLost?.();
      this.#complain('an alert could not be sent', { kind: record.kind, id: record.id, fault });
    }
    this.#attempts = 0;
    this.#queue.shift();
    this.#next();
  }

  /** Null where the alert has arrived or nobody wants it any more, else why not. */
  async #deliver(record: AlertRecord): Promise<string | null> {
    const target = this.#options.target();
    if (target === null) return null;
    const key = webhookKey(target.secret.reveal());
    if (!key.ok) return key.error;
    const body = Buffer.from(JSON.stringify(payloadOf(record)));
    const reply = await this.#options.egress.call({
      url: target.url,
      method: 'POST',
      headers: signedHeaders(record.id, Math.floor(this.#options.clock.now() / 1_000), body, key.value),
      body,
      timeoutMs: TIMEOUT_MS,
      limitBytes: REPLY_LIMIT_BYTES,
      reach: 'named',
    });
    if (!reply.ok) return `${reply.error.reason}: ${reply.error.detail}`;
    const { status } = reply.value;
    return status >= 200 && status < 300 ? null : `status ${status}`;
  }

  #complain(message: string, fields: Parameters<Log['write']>[3]): void {
    try {
      this.#options.log.write('warn', 'alert.not-sent', message, fields);
    } catch {
      // Who raises an alert must not suffer for a log that fails.
    }
  }
}

function payloadOf({ id, kind, key, severity, message, fields, firstMs }: AlertRecord): object {
  const data = { id, kind, key, severity, message, fields: fields ?? {} };
  return { type: `alert.${kind}`, timestamp: new Date(firstMs).toISOString(), data };
}

/** Standard Webhooks 1.0: an HMAC over id, time and body, so that none of them can be changed or sent again later. */
function signedHeaders(id: string, nowSeconds: number, body: Buffer, key: Uint8Array): Record<string, string> {
  const hmac = createHmac('sha256', key).update(`${id}.${nowSeconds}.`).update(body);
  return {
    'content-type': 'application/json',
    'user-agent': 'portcullis',
    'webhook-id': id,
    'webhook-timestamp': String(nowSeconds),
    'webhook-signature': `v1,${hmac.digest('base64')}`,
  };
}
