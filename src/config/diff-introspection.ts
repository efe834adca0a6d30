import type { IntrospectionConfig } from '../policy/index.ts';
import { type ChangeEffect, sameData } from './config-change.ts';

type Told = readonly [effect: ChangeEffect, what: string];

/** What differs in how an issuer is asked about its tokens. */
export function introspectionChanges(
  old: IntrospectionConfig | null,
  next: IntrospectionConfig | null,
): readonly Told[] {
  if (old === null && next === null) return [];
  if (next === null) return [['tightens', 'it is no longer asked about tokens']];
  if (old === null) {
    const opaque: Told = ['loosens', 'tokens that are no JWTs are taken as it says of them'];
    return next.tokens === 'all'
      ? [opaque, ['changes', 'it is asked about its JWTs in place of verifying them']]
      : [opaque];
  }
  const told: Told[] = [];
  if (old.url !== next.url) told.push(['loosens', 'another server is asked about its tokens']);
  if (!sameData(old.caFile, next.caFile)) told.push(['changes', 'other CAs vouch for the server that is asked']);
  if (old.tokens !== next.tokens) {
    const asks = next.tokens === 'all' ? 'it is asked about its JWTs too' : 'its JWTs are verified here again';
    told.push(['changes', asks]);
  }
  if (old.prefix !== next.prefix) {
    told.push([next.prefix === null ? 'loosens' : 'changes', prefixWords(next.prefix)]);
  }
  if (old.cacheMs !== next.cacheMs) {
    const seconds = `${next.cacheMs / 1_000} s instead of ${old.cacheMs / 1_000} s`;
    told.push([next.cacheMs > old.cacheMs ? 'loosens' : 'tightens', `what it said of a token counts ${seconds}`]);
  }
  if (old.signed !== next.signed) {
    told.push(next.signed ? ['tightens', 'its answers must be signed'] : ['loosens', 'its answers need not be signed']);
  }
  if (old.clientId !== next.clientId || !sameData(old.client, next.client)) {
    told.push(['changes', 'it is asked as another client, or by another proof']);
  }
  return told;
}

function prefixWords(prefix: string | null): string {
  return prefix === null ? 'it is asked about all opaque tokens' : `it is asked about tokens that begin with ${prefix}`;
}
