import type { UpstreamConfig } from '../config/index.ts';
import type { Snapshot } from '../gateway/index.ts';
import { addressLines, bearerWord, curlLine, tokenLine } from './banner.ts';
import type { ReadyPorts } from './context.ts';
import type { LocalSignIn } from './local-sign-in.ts';
import type { AskedSignIn } from './sign-in.ts';
import { plain } from './terminal.ts';

/** Who may call, as the banner tells it. */
type ToldSignIn = NonNullable<AskedSignIn> | LocalSignIn;

const TOKEN = 'TOKEN';

/** What `protect` prints when the gateway is ready: what it stands before, its addresses, and what to try. */
export function protectBanner(snapshot: Snapshot, signIn: ToldSignIn): (ready: ReadyPorts) => string {
  const [api] = snapshot.apis;
  const upstream = api === undefined ? 'the API' : upstreamText(api.upstream, api.authority);
  const path = trialPath(snapshot);
  return (ready) =>
    [
      '',
      `Portcullis stands before ${plain(upstream)}.`,
      '',
      ...addressLines(ready),
      '',
      ...trialLines(ready, path, signIn),
      'Ctrl+C stops it.',
      '',
      '',
    ].join('\n');
}

function trialLines(ready: ReadyPorts, path: string, signIn: ToldSignIn): readonly string[] {
  const open = curlLine(ready, path);
  const signedIn = open.replace(/^curl /, () => `curl ${bearerWord(TOKEN)} `);
  switch (signIn.kind) {
    case 'public':
      return [
        'Try it:',
        '',
        `  ${open}`,
        '',
        'The API is open to everybody (auth: public): the gateway checks requests, not who sends them.',
      ];
    case 'issuer':
      return [
        `Callers need a token of ${plain(signIn.issuer)} for ${plain(signIn.audience)}. Try it with one in $${TOKEN}:`,
        '',
        `  ${signedIn}`,
        '',
      ];
    case 'local':
      return [
        'Callers need a token. An authorization server for trying out gives them, to one client that may do everything:',
        '',
        `  ${tokenLine(ready, TOKEN, { path: signIn.client.tokenPath, client: signIn.client })}`,
        '',
        'Try it:',
        '',
        `  ${signedIn}`,
        '',
        '--issuer URL --audience TEXT takes the tokens of your own authorization server, --public lets everybody call.',
      ];
  }
}

function upstreamText({ scheme, pathPrefix }: UpstreamConfig, authority: string): string {
  return `${scheme}://${authority}${pathPrefix}`;
}

/** The path of an operation that can be read without knowing anything, or the root. */
function trialPath({ operations }: Snapshot): string {
  const simple = operations.find(({ operation }) => operation.method === 'GET' && !operation.template.includes('{'));
  return simple?.operation.template ?? '/';
}
