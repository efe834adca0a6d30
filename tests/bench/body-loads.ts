import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SHOP_SCHEMA } from '../system/graphql-server.ts';
import { FORM_DOCUMENT, FORM_TYPE, formOf } from './bodies/form.ts';
import { ORDER_DESCRIPTORS, ORDER_MESSAGE, ORDER_PATH } from './bodies/order-message.ts';
import { shopBodyOf } from './bodies/shop-document.ts';
import { XML_DOCUMENT, xmlOrderOf } from './bodies/xml-order.ts';
import { writeRequests } from './request-lines.ts';

/**
 * Bodies other than JSON that is held to a schema, by the names of the keys of the bench: `dlp_10kb` is a reply in which
 * leaks are looked for.
 */
export type BodyLoad = 'multipart' | 'graphql' | 'xml' | 'grpc' | 'dlp_10kb';

/** All of them. */
export const BODY_LOADS: readonly BodyLoad[] = ['multipart', 'graphql', 'xml', 'grpc', 'dlp_10kb'];

/** How a gateway is told of such bodies, and what it is sent. */
interface Body {
  /** Lines of an API, but for its upstream, with the feature and without it. */
  readonly on: string;
  readonly off: string;
  /** Files beside the configuration that has the feature. */
  readonly beside: Readonly<Record<string, string | Uint8Array>>;
  readonly path: string;
  readonly type: string;
  /** How many different requests there are, and their bodies. */
  readonly requests: number;
  readonly bodyOf: ((at: number) => Uint8Array) | null;
}

const BODIES: Readonly<Record<BodyLoad, Body>> = {
  multipart: {
    on: 'openapi: ./bench.json\n    files: { size: 100KiB, types: [image/png, image/jpeg] }',
    off: "routes: ['POST /photos']",
    beside: { 'bench.json': JSON.stringify(FORM_DOCUMENT) },
    ...{ path: '/photos', type: FORM_TYPE, requests: 16, bodyOf: formOf },
  },
  graphql: {
    on: "routes: ['POST /graphql']\n    graphql: { schema: ./bench.graphql, depth: 12 }",
    off: "routes: ['POST /graphql']",
    beside: { 'bench.graphql': SHOP_SCHEMA },
    // As apps do, that send the same documents again and again: all are known after the first time.
    ...{ path: '/graphql', type: 'application/json', requests: 100, bodyOf: shopBodyOf },
  },
  xml: {
    on: 'openapi: ./bench.json',
    off: "routes: ['POST /orders']",
    beside: { 'bench.json': JSON.stringify(XML_DOCUMENT) },
    ...{ path: '/orders', type: 'application/xml', requests: 100, bodyOf: xmlOrderOf },
  },
  grpc: {
    on: 'descriptors: ./bench.binpb',
    off: `routes: ['POST ${ORDER_PATH}']`,
    beside: { 'bench.binpb': ORDER_DESCRIPTORS },
    ...{ path: ORDER_PATH, type: 'application/grpc', requests: 1, bodyOf: () => framed(ORDER_MESSAGE) },
  },
  dlp_10kb: {
    on: "routes: ['GET /catalogue']\n    leaks: default",
    off: "routes: ['GET /catalogue']",
    beside: {},
    ...{ path: '/catalogue', type: '', requests: 1, bodyOf: null },
  },
};

/** A message of gRPC behind its prefix: not compressed, and its length. */
function framed(message: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Lines of an API for such bodies and the files that they name. */
export function configureBodies(
  load: BodyLoad,
  isOn: boolean,
): { readonly lines: string; readonly beside: Body['beside'] } {
  const { on, off, beside } = BODIES[load];
  return isOn ? { lines: on, beside } : { lines: off, beside: {} };
}

/** Writes the requests of a load and their bodies, for the load generators; gives the file. */
export async function writeBodies(folder: string, load: BodyLoad): Promise<string> {
  const { path, type, requests, bodyOf } = BODIES[load];
  const lines = await Promise.all(
    Array.from({ length: requests }, async (_, at) => {
      if (bodyOf === null) return { path };
      const body = join(folder, `${load}-${at}.body`);
      await writeFile(body, bodyOf(at));
      return { path, body, type };
    }),
  );
  const file = join(folder, `${load}.requests`);
  await writeRequests(file, lines);
  return file;
}
