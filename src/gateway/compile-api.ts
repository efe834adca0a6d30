import { type ApiConfig, authorityOf, hasOwnCertificate, upstreamSaidAt } from '../config/compiled.ts';
import { CrossOrigin } from '../policy/index.ts';
import type { UpstreamIdentity } from '../wire/index.ts';
import { Challenges } from './challenges.ts';
import { cacheFingerprint } from './compiled-cache.ts';
import { compileParty } from './compiled-party.ts';
import { type Compilation, complain, member, UNREAD } from './compilation.ts';
import { ReplyCleaning } from './clean-reply.ts';
import { securityFieldsOf } from './security-fields.ts';
import type { CompiledApi } from './snapshot.ts';

/** One API as its requests need it: how its upstream is called, and what that is shown and trusted by. */
export function compileApi(api: ApiConfig, index: number, compilation: Compilation): CompiledApi {
  const { scheme, targets, discover, caFile } = api.upstream;
  const [first] = targets;
  if (first === undefined && discover === null) throw new Error(`${api.name} has no target`);
  const authorities = caFile === null ? undefined : member(compilation.configured.files, caFile);
  // Without its own CA the upstream would be trusted on the word of any public one.
  if (caFile !== null && authorities === undefined) complain(compilation, `${upstreamSaidAt(api)}.ca`, UNREAD);
  const compiled = {
    name: api.name,
    index,
    basePath: api.basePath,
    upstream: api.upstream,
    // Of one that has several targets, or finds them, it is the chosen one's.
    authority: first === undefined ? (discover?.authority ?? '') : authorityOf(scheme, first),
    upstreamCa: authorities === undefined ? null : new TextDecoder().decode(authorities),
    upstreamIdentity: identityOf(api, compilation),
    credentials: api.credentials,
    cors: api.cors === null || api.cors === 'off' ? null : new CrossOrigin(api.cors),
    securityFields: securityFieldsOf(api.output.securityHeaders),
    cleaning: new ReplyCleaning(api),
    party: compileParty(api, compilation),
    strictTransport: api.host !== null && hasOwnCertificate(compilation.configured.config.server.https, api.host),
  };
  const { issuers } = compilation.configured.config;
  const challenges = api.party === null ? new Challenges(api, issuers) : null;
  return { ...compiled, challenges, cacheFingerprint: cacheFingerprint(api, compiled) };
}

/** Without it the upstream would hear of somebody it does not know, or of nobody. */
function identityOf(api: ApiConfig, compilation: Compilation): UpstreamIdentity | null {
  const { identity } = api.upstream;
  if (identity === null) return null;
  const { files, secrets } = compilation.configured;
  const chain = member(files, identity.certificate);
  const keyPem = member(secrets, identity.key);
  if (chain === undefined) complain(compilation, `${upstreamSaidAt(api)}.cert`, UNREAD);
  if (keyPem === undefined) complain(compilation, `${upstreamSaidAt(api)}.key`, UNREAD);
  return chain === undefined || keyPem === undefined ? null : { chainPem: new TextDecoder().decode(chain), keyPem };
}
