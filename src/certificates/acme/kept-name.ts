import type { Log, Store } from '../../ports/index.ts';
import type { Guard } from './lease.ts';
import { ACME_CERTIFICATES, ACME_ORDERS, type CertificateRecord, type OrderRecord } from './records.ts';

/** What keeping takes. `isShared`: other nodes have the store open too. */
export interface KeptNameOptions {
  readonly name: string;
  readonly store: Store;
  readonly isShared: boolean;
  readonly log: Log;
}

/** What is kept of one name: its certificate, and the order that is under way. */
export class KeptName {
  readonly #options: KeptNameOptions;

  constructor(options: KeptNameOptions) {
    this.#options = options;
  }

  /** The newest certificate; null where there is none. Rejects where it can't be read. */
  async certificate(): Promise<CertificateRecord | null> {
    const { name, store } = this.#options;
    return await store.collection(ACME_CERTIFICATES).get(name);
  }

  /** The order that has not ended; null where there is none, or none that can be read. */
  async openOrder(): Promise<OrderRecord | null> {
    const { name, store } = this.#options;
    try {
      return await store.collection(ACME_ORDERS).get(name);
    } catch (error) {
      this.#warn(`whether an order for ${name} is open is not known`, error);
      return null;
    }
  }

  /** False where another node orders now. Alone, a node orders also where it can't keep that. */
  async keepOrder(order: OrderRecord | null, guard: Guard): Promise<boolean> {
    const { name, isShared } = this.#options;
    try {
      return await guard.write(async (store) => {
        const orders = store.collection(ACME_ORDERS);
        await (order === null ? orders.delete(name) : orders.put(name, order));
      });
    } catch (error) {
      this.#warn(`the order for ${name} could not be kept`, error);
      return !isShared;
    }
  }

  /** Keeps a certificate, and that its order has ended: `lost` where another node does this now, `failed` where the store does. */
  async keepCertificate(record: CertificateRecord, guard: Guard): Promise<'kept' | 'lost' | 'failed'> {
    const { name } = this.#options;
    try {
      const isKept = await guard.write(async (store) => {
        await store.collection(ACME_CERTIFICATES).put(name, record);
        await store.collection(ACME_ORDERS).delete(name);
      });
      return isKept ? 'kept' : 'lost';
    } catch (error) {
      this.#warn(`the certificate for ${name} serves, and could not be kept`, error);
      return 'failed';
    }
  }

  #warn(what: string, error: unknown): void {
    this.#options.log.write(
      'warn',
      'acme.not-kept',
      `${what}: ${error instanceof Error ? error.message : 'unknown fault'}`,
    );
  }
}
