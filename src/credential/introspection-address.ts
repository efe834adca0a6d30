import { ok, type Result } from '../base/index.ts';
import type { Egress } from '../ports/index.ts';
import type { IntrospectionServer } from './introspection-server.ts';
import { fetchMetadata, namedAddress } from './issuer-metadata.ts';
import { isJsonObject } from './jwt-values.ts';

const ENDPOINT = 'introspection_endpoint';

/**
 * Where a server is asked: what is configured, else what its issuer's metadata says (RFC 8414 §2). Who shows a certificate
 * asks where one is asked for, if that is another place (RFC 8705 §5). The error says in words for the operator what is wrong.
 */
export async function introspectionAddress(
  { url, issuer, ca, proof }: Pick<IntrospectionServer, 'url' | 'issuer' | 'ca' | 'proof'>,
  egress: Egress,
): Promise<Result<string, string>> {
  if (url !== null) return ok(url);
  const metadata = await fetchMetadata({ issuer, ca }, egress);
  if (!metadata.ok) return metadata;
  const { place, members } = metadata.value;
  const aliases = members['mtls_endpoint_aliases'];
  const own = isJsonObject(aliases) ? aliases[ENDPOINT] : undefined;
  const told = proof.kind === 'certificate' && own !== undefined ? { [ENDPOINT]: own } : members;
  return namedAddress({ place, members: told }, ENDPOINT, issuer);
}
