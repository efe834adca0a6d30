import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import { parsed } from './scalars.ts';
import { readWebUrl } from './web-url.ts';
import { words } from './words.ts';

/** What an API says of itself to clients that want to know where tokens for it are had (RFC 9728). */
export interface MetadataConfig {
  /** Its identifier; null for the host that is asked, with its base path. */
  readonly resource: string | null;
}

/** The keys of an API about tokens: whether it tells that, and whether its queries may bear any. */
export const metadataKeys = {
  tokensInQuery: z.enum(['refuse', 'pass'], { error: 'expected `refuse` or `pass`' }).prefault('refuse').meta({
    description:
      'What becomes of a request whose query bears a token or a key: queries end up in logs and histories. With `pass` it goes on as any other parameter, and lets nobody in.',
  }),
  metadata: parsed(readMetadata).prefault('host').meta({
    title: '`host`, `off` or URL',
    description:
      'What clients are told of where tokens for the API are had (RFC 9728): by the host that they ask, or by this identifier of the API. `off` tells nothing.',
  }),
};

function readMetadata(value: string): Result<MetadataConfig | null, string> {
  if (value === 'off') return ok(null);
  if (value === 'host') return ok({ resource: null });
  const url = readWebUrl(value, { query: false });
  if (!url.ok) return err(words('expected `host`, `off` or the URL of the API', 'such as https://api.acme.example/v1'));
  const { pathname } = new URL(url.value);
  // The path of the page is made of it, and must be one spelling.
  if (pathname !== '/' && !/^(\/[A-Za-z0-9._~-]+)+$/.test(pathname)) {
    return err(words('the path of an identifier is plain, such as /v1', 'no slash last, nothing encoded'));
  }
  return ok({ resource: url.value.replace(/\/$/, '') });
}
