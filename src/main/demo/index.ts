import { fileURLToPath } from 'node:url';
import { openOrderBook } from '../../adapters/index.ts';
import { listenDemoApi } from './sample-api.ts';

/** A running sample API, and the description of it. */
export interface DemoApi {
  readonly url: string;
  readonly openapiFile: string;
  close(): Promise<void>;
}

/** Starts the API of orders that `portcullis demo` protects, on a free port of loopback. Its data live as long as it does. */
export async function startDemoApi(): Promise<DemoApi> {
  const book = openOrderBook();
  const api = await listenDemoApi(book);
  return {
    url: api.url,
    openapiFile: fileURLToPath(new URL('./orders.openapi.yaml', import.meta.url)),
    close: async () => {
      await api.close();
      book.close();
    },
  };
}
