import { posix } from 'node:path';
import { addressLines, curlLine, plainCurlLine } from './banner.ts';
import type { Command } from './command.ts';
import type { ReadyPorts } from './context.ts';
import { choosePorts, type GatewayPortNumbers } from './ports.ts';

const DATA_FOLDER = '.portcullis/demo';
const BODY_LIMIT = '16KiB';
const TOO_LARGE_BYTES = 20_000;

/** `portcullis demo`, which is what `npm start` runs: the gateway before a sample API, and things to try. */
export const demoCommand: Command = {
  verb: 'demo',
  summary: 'runs the gateway before a small sample API, and prints what to try',
  operands: [],
  options: { json: { value: null, says: 'when ready, print one line of JSON instead of words' } },
  details: [
    'Everything is on loopback and in memory but the keys and certificates, which lie in ./.portcullis/demo.',
    'Ports 8443, 8080 and 9443, or the next free ones.',
  ],
  async run(given, context) {
    const api = await context.services.demoApi();
    try {
      const ports = await choosePorts(context.services, {}, []);
      return await context.services.startText({
        text: demoConfig({ upstream: api.url, openapi: api.openapiFile, ports }),
        file: posix.join(context.workingFolder, 'demo.yaml'),
        json: given.flags.has('json'),
        banner: bannerText,
      });
    } finally {
      await api.close();
    }
  },
};

interface DemoParts {
  readonly upstream: string;
  readonly openapi: string;
  readonly ports: GatewayPortNumbers;
}

function demoConfig({ upstream, openapi, ports }: DemoParts): string {
  return [
    'version: 1',
    'server:',
    `  https: { port: ${ports.https}, certificate: local }`,
    `  http: { port: ${ports.http} }`,
    `admin: { port: ${ports.admin} }`,
    `data: ./${DATA_FOLDER}`,
    'apis:',
    '  orders:',
    `    openapi: ${JSON.stringify(openapi)}`,
    '    basePath: /v1',
    `    upstream: ${JSON.stringify(upstream)}`,
    '    auth: public',
    `    body: ${BODY_LIMIT}`,
    '',
  ].join('\n');
}

/** One thing to try: what it shows, the status it gives, and the command line. */
interface Trial {
  readonly shows: string;
  readonly status: number;
  readonly line: string;
}

function trialsOf(ready: ReadyPorts): readonly Trial[] {
  const orders = '/v1/orders';
  const order = [
    '-H',
    'content-type: application/json',
    '-d',
    '{"customerId":"c-1","items":[{"sku":"tea","quantity":2}]}',
  ];
  const large = curlLine(ready, orders, ['-i', '-H', 'content-type: application/json', '--data-binary', '@-']);
  const trials: Trial[] = [
    { shows: 'passes', status: 200, line: curlLine(ready, orders, ['-i']) },
    { shows: 'passes, and makes an order', status: 201, line: curlLine(ready, orders, ['-i', ...order]) },
    {
      shows: 'a path that leads elsewhere',
      status: 400,
      line: curlLine(ready, `${orders}/%2e%2e/customers`, ['-i', '--path-as-is']),
    },
    { shows: 'a path that no API describes', status: 404, line: curlLine(ready, '/v1/invoices', ['-i']) },
    {
      shows: 'a method that the path does not have; see Allow',
      status: 405,
      line: curlLine(ready, orders, ['-i', '-X', 'DELETE']),
    },
    {
      shows: `a body of more than ${BODY_LIMIT}`,
      status: 413,
      line: `head -c ${TOO_LARGE_BYTES} /dev/zero | ${large}`,
    },
  ];
  const redirected = plainCurlLine(ready, orders, ['-i']);
  const refused = plainCurlLine(ready, orders, ['-i', ...order]);
  if (redirected !== null) trials.push({ shows: 'plain http is sent on to https', status: 308, line: redirected });
  if (refused !== null) trials.push({ shows: 'plain http with data is refused', status: 403, line: refused });
  return trials;
}

function bannerText(ready: ReadyPorts): string {
  const trials = trialsOf(ready).flatMap(({ shows, status, line }) => [`  ${status}  ${shows}`, `       ${line}`, '']);
  return [
    '',
    'Portcullis stands before the sample API of orders and customers.',
    '',
    ...addressLines(ready),
    '',
    'Try these in another terminal; the number is the status each gives:',
    '',
    ...trials,
    'The sample API is open to everybody (auth: public). Ctrl+C stops it.',
    '',
    '',
  ].join('\n');
}
