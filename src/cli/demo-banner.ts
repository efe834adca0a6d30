import { addressLines, bearerWord, curlLine, plainCurlLine, tokenLine } from './banner.ts';
import type { LocalIssuer, ReadyPorts } from './context.ts';
import { shellWord } from './terminal.ts';

/** A client of the demo's authorization server. */
export type DemoClient = LocalIssuer['clients'][number] & { readonly roles: readonly string[] };

/** What the banner tells besides the addresses. */
interface DemoFacts {
  readonly clients: readonly DemoClient[];
  readonly tokenPath: string;
  readonly dataFolder: string;
  /** How this program is called: the words before the verb. */
  readonly program: readonly string[];
}

/** One thing to try: what it shows, the status it gives, and the command line. */
interface Trial {
  readonly shows: string;
  readonly status: number;
  readonly line: string;
}

const ORDERS = '/v1/orders';
const REFUNDS = '/v1/orders/1/refunds';
const REFUND = '{"amountCents":250}';
const ORDER = '{"customerId":"c-1","items":[{"sku":"tea","quantity":2}]}';
/** The number that issuers give to whoever tests. */
const WITH_CARD = ORDER.replace(/}$/, ',"note":"card 4111 1111 1111 1111"}');
const MISSHAPEN = '{"customerId":"c-1","items":[{"sku":"tea","quantity":0}],"discount":99}';

/** What the demo prints when it is ready: the addresses, how to get tokens, and what to try, with the status of each. */
export function demoBanner(ready: ReadyPorts, { clients, tokenPath, dataFolder, program }: DemoFacts): string {
  const tokens = clients.map((client) => `  ${tokenLine(ready, variableOf(client.id), { path: tokenPath, client })}`);
  const trials = trialsOf(ready).flatMap(({ shows, status, line }) => [`  ${status}  ${shows}`, `       ${line}`, '']);
  const roles = clients.map(({ id, roles: held }) => `${id} (role ${held.join(', ')})`).join(' and ');
  return [
    '',
    'Portcullis stands before the sample API of orders and customers.',
    '',
    ...addressLines(ready),
    '',
    `Callers need a token. In another terminal, get one for ${roles}; they last an hour:`,
    '',
    ...tokens,
    '',
    'Then try these; the number is the status each gives:',
    '',
    ...trials,
    'Every request is recorded. Who called what, and what became of it:',
    '',
    `  ${program.map(shellWord).join(' ')} audit show --data ${dataFolder}`,
    '',
    'Ctrl+C stops it.',
    '',
    '',
  ].join('\n');
}

/** The variable of the shell that holds a client's token. */
function variableOf(id: string): string {
  return id.toUpperCase();
}

function trialsOf(ready: ReadyPorts): readonly Trial[] {
  const as = (id: string, path: string, options: readonly string[] = []): string =>
    curlLine(ready, path, ['-i', ...options]).replace(/^curl -i /, () => `curl -i ${bearerWord(variableOf(id))} `);
  const json = (text: string): readonly string[] => ['-H', 'content-type: application/json', '-d', text];
  const plain = plainCurlLine(ready, ORDERS, ['-i']);
  return [
    { shows: 'passes: customers may read orders', status: 200, line: as('ada', ORDERS) },
    { shows: 'passes, and makes an order', status: 201, line: as('ada', ORDERS, json(ORDER)) },
    { shows: 'passes: what the API is told of the caller', status: 200, line: as('ada', '/v1/whoami') },
    { shows: 'passes: support may give money back', status: 201, line: as('sam', REFUNDS, json(REFUND)) },
    { shows: 'passes: the number of a card leaves masked', status: 201, line: as('ada', ORDERS, json(WITH_CARD)) },
    { shows: 'the wrong role: customers may not', status: 403, line: as('ada', REFUNDS, json(REFUND)) },
    { shows: 'no token', status: 401, line: curlLine(ready, ORDERS, ['-i']) },
    { shows: 'not as described; the reply says where', status: 400, line: as('ada', ORDERS, json(MISSHAPEN)) },
    { shows: 'a parameter that is not described', status: 400, line: as('ada', `${ORDERS}?admin=true`) },
    {
      shows: 'over the limit of 5 a minute: the last of six',
      status: 429,
      line: `for n in 1 2 3 4 5 6; do ${as('sam', '/v1/customers', ['-s'])}; done`,
    },
    {
      shows: 'a path with two readings',
      status: 400,
      line: as('ada', `${ORDERS}/%2e%2e/customers`, ['--path-as-is']),
    },
    { shows: 'a path that no API describes', status: 404, line: as('ada', '/v1/invoices') },
    { shows: 'a method that the path does not have', status: 405, line: as('ada', ORDERS, ['-X', 'DELETE']) },
    ...(plain === null ? [] : [{ shows: 'plain http is sent on to https', status: 308, line: plain }]),
  ];
}
