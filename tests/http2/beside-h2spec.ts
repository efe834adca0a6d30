import { FrameClient, type Http2Address, nameOf } from './frame-client.ts';
import { ERROR, FLAG, FRAME, frame, requestBlock } from './frames.ts';
import type { H2specCase } from './h2spec.ts';
import { LAME_EOS_CASE } from './h2spec.ts';

/**
 * What h2spec 2.6.0 sends and the version that can be pinned doesn't, or not soundly. Both are blocks behind the fields of
 * a sound request, and errors of HPACK.
 */
const BLOCKS: readonly { readonly name: string; readonly octets: string }[] = [
  // RFC 7541 §2.3.3: index 70 of two tables that together have 61 entries, for the name of a literal.
  { name: 'hpack/2.3.3 Sends a literal header field representation with invalid index', octets: '7f0700' },
  // §5.2: x-test, and a value of `tes`, the symbol EOS, `t`.
  { name: LAME_EOS_CASE, octets: '0085f2b24a84ff874951fffffffa7f' },
];

/** Runs them against a server. */
export async function runBeside(address: Http2Address): Promise<readonly H2specCase[]> {
  return await Promise.all(BLOCKS.map(({ name, octets }) => sendBlock(address, name, Buffer.from(octets, 'hex'))));
}

async function sendBlock(address: Http2Address, name: string, rest: Buffer): Promise<H2specCase> {
  const client = await FrameClient.open(address);
  const block = Buffer.concat([requestBlock('GET', '/c'), rest]);
  await client.send(frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, block));
  const ended = await client.ended();
  const code = client.goaway();
  const status = client.statusOf(1);
  client.destroy();
  if (ended && code === ERROR.compression && status === null) return { name, outcome: 'passed', said: '' };
  const came = `${ended ? 'the end' : 'no end'}, GOAWAY of ${nameOf(code)}, status ${String(status)}`;
  return { name, outcome: 'failed', said: `GOAWAY of compression expected, ${came} came` };
}
